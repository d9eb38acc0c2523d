import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type BuiltLibrary, buildLibrary } from "../../../test/support/package/built-library.ts";
import { describeEachServer } from "../../../test/support/servers/engines.ts";
import { newTableName } from "../../../test/support/tables/new-tables.ts";

const PROGRAM = fileURLToPath(new URL("../../../test/support/processes/quiet-head.mjs", import.meta.url));
// What the heap may have grown by for other reasons, such as compiled code, for each of many streams.
const MOST_BYTES = 800;

describeEachServer((engine) => {
  let library: BuiltLibrary;

  beforeAll(async () => {
    library = await buildLibrary();
    await engine.createRawPool();
  });

  afterAll(() => library.remove());

  // Catches what waits for the next event on behalf of a stream that has left: there may be none for hours.
  test.each(["stream", "stream with a signal", "stream of an object of its own", "run"])(
    "a %s that is opened and closed at a quiet head leaves nothing behind",
    async (what) => {
      const args = ["--expose-gc", PROGRAM, library.url, engine.url(), newTableName("events"), what];
      const { stdout } = await promisify(execFile)(process.execPath, args);
      const { bytesEach } = JSON.parse(stdout) as { bytesEach: number };
      expect(bytesEach).toBeLessThan(MOST_BYTES);
    },
  );
});
