/** Waits until a page is there after a navigation, over answers that a page which is just going cannot give. */
import { poll } from "@cc/testkit/conformance";

export async function settled(run: (expression: string) => Promise<unknown>, url: string): Promise<void> {
  await poll(
    `the page ${url}`,
    async () => {
      const [href, state] = await run("[location.href, document.readyState]").then(
        (answer) => answer as readonly string[],
        () => [],
      );
      return href === url && state === "complete";
    },
    15_000,
  );
}
