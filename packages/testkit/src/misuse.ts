/** A test that asks a scripted port to break the port's own contract is wrong, and is told so at once. */
export class ScriptMisuse extends Error {
  override readonly name: string = "ScriptMisuse";
}
