// Draws the rooms of rooms.mjs as a mermaid diagram and a table. Run by itself, it puts them into docs/architecture.md.
import { readFileSync, writeFileSync } from "node:fs";
import { resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { rooms } from "./rooms.mjs";

const START = "<!-- rooms: made by tools/rooms/draw-rooms.mjs -->";
const END = "<!-- /rooms -->";

const built = rooms.filter((room) => room.planned !== true);
const nameOf = ({ path }) => (path === "" ? "index.ts" : path);
const idOf = ({ path }) => (path === "" ? "index" : path.replaceAll("/", "_"));

/** One box a floor, the highest first; an arrow means that all rooms of a floor may import those of every floor below. */
function drawing() {
  const floors = [...new Set(built.map(({ floor }) => floor))].toSorted((a, b) => b - a);
  const boxes = floors.map((floor) => {
    const names = built.filter((room) => room.floor === floor).map((room) => `    ${idOf(room)}["${nameOf(room)}"]`);
    return [`  subgraph floor${floor} [" "]`, ...names, "  end"].join("\n");
  });
  const arrows = floors.slice(1).map((floor, index) => `  floor${floors[index]} --> floor${floor}`);
  return ["```mermaid", "flowchart TD", ...boxes, ...arrows, "```"].join("\n");
}

function table() {
  const row = (room) => {
    const below = room.floor === 1 ? "nothing" : `floors 1 to ${room.floor - 1}`;
    return `| ${room.floor} | \`${nameOf(room)}\` | ${room.purpose} | ${room.only?.join(", ") ?? below} |`;
  };
  const byFloor = built.toSorted((a, b) => b.floor - a.floor);
  return ["| floor | room | what it is for | may import |", "| --- | --- | --- | --- |", ...byFloor.map(row)].join(
    "\n",
  );
}

function planned() {
  const names = rooms.filter((room) => room.planned === true).map((room) => `\`${nameOf(room)}\` (${room.purpose})`);
  return `Rooms that have a name and nothing in them yet: ${names.join("; ")}.`;
}

/** The page with the rooms drawn anew. */
export function withRooms(page) {
  const [before, rest = ""] = page.split(START);
  const [, after = "\n"] = rest.split(END);
  return `${before}${START}\n\n${drawing()}\n\n${table()}\n\n${planned()}\n\n${END}${after}`;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const page = resolve(import.meta.dirname, "../../docs/architecture.md");
  writeFileSync(page, withRooms(readFileSync(page, "utf8")));
}
