/** A promise that the test settles itself. */
export class Gate {
  open!: () => void;
  fail!: (error: Error) => void;
  readonly opened: Promise<void> = new Promise<void>((resolve, reject) => {
    this.open = resolve;
    this.fail = reject;
  });
}
