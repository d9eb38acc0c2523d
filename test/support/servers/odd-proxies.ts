import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net";

/** A proxy on 127.0.0.1. */
export interface OddProxy extends AsyncDisposable {
  readonly port: number;
}

const TICK_MS = 20;

/** A proxy that takes all that the server sends at once, as networks do, and passes on so many bytes a second. */
export function startSlowProxy(socketPath: string, bytesPerSecond: number): Promise<OddProxy> {
  return startProxy(socketPath, (client, server) => {
    const queue: Buffer[] = [];
    server.on("data", (data) => queue.push(data));
    const timer = setInterval(() => {
      for (let left = (bytesPerSecond * TICK_MS) / 1000; left > 0; ) {
        const next = queue.shift();
        if (next === undefined) return;
        const part = next.subarray(0, left);
        client.write(part);
        left -= part.length;
        if (part.length < next.length) queue.unshift(next.subarray(part.length));
      }
    }, TICK_MS);
    client.on("close", () => clearInterval(timer));
  });
}

/** A proxy that numbers its connections itself, as ProxySQL does: a session's number is not that on its server. */
export function startRenumberingProxy(socketPath: string): Promise<OddProxy> {
  return startProxy(socketPath, (client, server) => {
    server.once("data", (greeting) => {
      // The number stands behind the server's version, which ends with a zero.
      const at = greeting.indexOf(0, 5) + 1;
      greeting.writeUInt32LE(greeting.readUInt32LE(at) + 900_000, at);
      client.write(greeting);
      server.on("data", (data) => client.write(data));
    });
  });
}

async function startProxy(socketPath: string, link: (client: Socket, server: Socket) => void): Promise<OddProxy> {
  const sockets = new Set<Socket>();
  const proxy: Server = createServer((client) => {
    const server = connect(socketPath);
    for (const socket of [client, server]) {
      sockets.add(socket);
      socket.on("error", () => undefined);
    }
    client.on("close", () => server.destroy());
    server.on("close", () => client.end());
    client.pipe(server);
    link(client, server);
  });
  proxy.listen(0, "127.0.0.1");
  await once(proxy, "listening");
  return {
    port: (proxy.address() as AddressInfo).port,
    [Symbol.asyncDispose]: async () => {
      for (const socket of sockets) socket.destroy();
      proxy.close();
      await once(proxy, "close");
    },
  };
}
