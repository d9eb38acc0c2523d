// What a release does to CHANGELOG.md.
const HEADING = "## Unreleased";

/** What stands under "Unreleased". @throws Error if that is nothing */
export function releaseNotes(changelog) {
  const [, after] = changelog.split(`\n${HEADING}\n`);
  if (after === undefined) throw new Error(`CHANGELOG.md has no heading "${HEADING}".`);
  const notes = after.split(/^## /m)[0].trim();
  if (notes === "") throw new Error(`CHANGELOG.md tells of nothing under "${HEADING}".`);
  return notes;
}

/** The text with what was unreleased under the version and its date. */
export function withRelease(changelog, { version, date }) {
  return changelog.replace(`\n${HEADING}\n`, () => `\n${HEADING}\n\n## ${version} - ${date}\n`);
}
