const VERSION = /^(\d+)\.(\d+)\.(\d+)$/;

function parse(version) {
  const [, ...numbers] = VERSION.exec(version) ?? [];
  if (numbers.length === 0) throw new Error(`A version is patch, minor, major or like 1.2.3, found "${version}".`);
  return numbers.map(Number);
}

/** The version to release after `present`; the present one itself may be named while it is not released. */
export function nextVersion(present, wanted, { isReleased }) {
  const [major, minor, patch] = parse(present);
  if (wanted === "major") return `${major + 1}.0.0`;
  if (wanted === "minor") return `${major}.${minor + 1}.0`;
  if (wanted === "patch") return `${major}.${minor}.${patch + 1}`;
  const order = compare(parse(wanted), [major, minor, patch]);
  if (order < 0 || (order === 0 && isReleased)) throw new Error(`${wanted} does not come after ${present}.`);
  return wanted;
}

function compare(one, other) {
  const index = one.findIndex((number, at) => number !== other[at]);
  return index === -1 ? 0 : one[index] - other[index];
}
