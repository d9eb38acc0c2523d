/** Why a file must not import another, both by their paths from the repository; undefined if it may. */
export function importProblem(file: string, imported: string): string | undefined;

/** Why a file of src/ must not import by this specifier; undefined if it may. An unknown specifier is one that is worked out. */
export function specifierProblem(file: string, specifier: string | undefined): string | undefined;
