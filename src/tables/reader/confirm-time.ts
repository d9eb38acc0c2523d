const CONFIRM_MS = 4500;

let confirmMs = CONFIRM_MS;

/** How long a position fault must show itself before it ends a stream, where no primary is declared, in ms. */
export function faultConfirmMs(): number {
  return confirmMs;
}

/** Sets {@link faultConfirmMs} for tests, which can't wait so long; without a number back to what programs have. */
export function setFaultConfirmMs(forTests: number = CONFIRM_MS): void {
  confirmMs = forTests;
}
