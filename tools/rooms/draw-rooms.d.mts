/** The page with the rooms drawn anew. */
export function withRooms(page: string): string;
