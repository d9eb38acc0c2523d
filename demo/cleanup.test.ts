import { expect, test } from "vitest";
import { Cleanup } from "./cleanup.ts";

test("undoes the last first, goes on after a failure, and tells what is left to do", async () => {
  const cleanup = new Cleanup();
  const done: string[] = [];
  cleanup.add("remove the folder", async () => done.push("folder"));
  cleanup.add("drop the tables", () => Promise.reject(new Error("no connection")));
  cleanup.add("end the processes", async () => done.push("processes"));
  expect(await cleanup.run()).toEqual(["drop the tables (no connection)"]);
  expect(done).toEqual(["processes", "folder"]);
  expect(await cleanup.run()).toEqual([]);
});
