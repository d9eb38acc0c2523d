import { DATABASE, type ServerWithPools } from "../../support/servers/server-with-pools.ts";
import type { TcpProxy } from "../../support/servers/tcp-proxy.ts";
import type { Database } from "./place.ts";

/** The events' database, through the server's own socket. */
export function onSocket({ server }: ServerWithPools): Database {
  return { socketPath: server.socketPath, user: "root", database: DATABASE };
}

/** The events' database, through a proxy. */
export function through({ port }: TcpProxy): Database {
  return { host: "127.0.0.1", port, user: "root", database: DATABASE };
}
