/** What pino prints of an error that is logged: its message, with the texts of its causes behind it. */
export declare function printedByPino(error: unknown): string;
