interface WithResolvers {
  readonly promise: Promise<void>;
  readonly resolve: () => void;
  readonly reject: (reason: unknown) => void;
}

/** A promise and what settles it: Node.js 20 has no `Promise.withResolvers`. One that no one waits for may fail. */
export function withResolvers(): WithResolvers {
  let resolve: () => void = () => undefined;
  let reject: (reason: unknown) => void = () => undefined;
  const promise = new Promise<void>((onDone, onFailure) => {
    resolve = onDone;
    reject = onFailure;
  });
  promise.catch(() => undefined);
  return { promise, resolve, reject };
}
