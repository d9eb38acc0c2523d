/** Why a file must not import another, both by their paths from the repository; undefined if it may. */
export function importProblem(file: string, imported: string): string | undefined;
