/** A pool of the driver that is named, with the driver's own defaults. */
export async function openPool(driver, database) {
  const { createPool } = await import(driver === "mysql2" ? "mysql2/promise" : driver);
  return createPool(database);
}
