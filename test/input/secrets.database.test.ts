import { expect, test } from "vitest";
import { describeEachDatabase } from "../support/databases/test-database.ts";
import { failures } from "../support/secrets/failures.ts";
import { makeScene, makeServerScene } from "../support/secrets/scene.ts";
import { serverFailures } from "../support/secrets/server-failures.ts";
import { Told } from "../support/secrets/told.ts";

describeEachDatabase((database) => {
  // Catches a message, detail, warning or report that repeats a value of a statement, as drivers and ORMs do in theirs.
  test.each(failures)("nothing that is told of %s repeats a value", async (_what, provoke) => {
    using told = new Told();
    const errors = await provoke(await makeScene(database, told));
    expect(errors).not.toEqual([]);
    for (const error of errors) {
      expect(error).toBeInstanceOf(Error);
      told.noteError(error);
    }
    expect(told.leaks).toEqual([]);
  });

  const { engine } = database;
  if (engine === undefined) return;
  test.each(serverFailures)("nothing that is told of %s repeats a value or a password", async (_what, provoke) => {
    using told = new Told();
    const errors = await provoke(await makeServerScene(database, engine, told));
    expect(errors).not.toEqual([]);
    for (const error of errors) {
      expect(error).toBeInstanceOf(Error);
      told.noteError(error);
    }
    expect(told.leaks).toEqual([]);
  });
}, "each driver");
