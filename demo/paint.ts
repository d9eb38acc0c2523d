type Colour = (text: string) => string;

export interface Paint {
  readonly bold: Colour;
  readonly dim: Colour;
  readonly green: Colour;
  readonly red: Colour;
  readonly yellow: Colour;
}

export function createPaint(colours: boolean): Paint {
  const style = (code: number, end: number): Colour =>
    colours ? (text) => `\u001B[${code}m${text}\u001B[${end}m` : (text) => text;
  return { bold: style(1, 22), dim: style(2, 22), green: style(32, 39), red: style(31, 39), yellow: style(33, 39) };
}
