/**
 * The link port over the platform's own WebSocket: pages, workers, and every other runtime that has the global.
 *
 * Law: after `Link.close` nothing is told any more; before it, `closed` exactly once. The platform keeps the rest of
 * the port's promises by itself: it opens in a later task, orders its events, and closes a socket once.
 */
import type { Link, LinkHandlers, LinkOptions, OpenLink } from "@cc/core";

/**
 * Opens a link over `globalThis.WebSocket`, which is looked up at the call, so that a polyfill may come after the import.
 *
 * Never throws. A bad URL, a refusal of the platform (mixed content, say) or a missing WebSocket is told by `closed`
 * with code 1006 and a `cause`. Browsers do not show why an upgrade was refused: `httpStatus`, `retryAfterMs` and the
 * `cause` of a network failure stay empty. A close code that pages may not send (all but 1000 and 3000–4999), or a
 * reason above 123 bytes, closes without a code.
 */
export const openWebSocket: OpenLink = (url: string, { subprotocols }: LinkOptions, handlers: LinkHandlers): Link => {
  let socket: WebSocket;
  try {
    socket = new WebSocket(url, subprotocols as string[]);
  } catch (cause) {
    // One that was never there, and closes.
    const none: Partial<WebSocket> = { bufferedAmount: 0, close() {} };
    socket = none as WebSocket;
    queueMicrotask(() => socket.onclose?.({ cause } as unknown as CloseEvent));
  }
  socket.binaryType = "arraybuffer";
  socket.onopen = () => handlers.opened(socket.protocol);
  socket.onmessage = ({ data }: MessageEvent<string | ArrayBuffer>) =>
    handlers.message(typeof data === "string" ? data : new Uint8Array(data));
  // The event of a browser says nothing. But where `ws` stands in for the global, an error that nobody listens to is thrown.
  socket.onerror = () => {};
  // React Native leaves out the code of some closes (react-native#14617), whatever the types say.
  socket.onclose = ({ code, reason, cause }: CloseEvent & { readonly cause?: unknown }) =>
    handlers.closed({ code: code || 1006, reason: reason || "", ...(cause !== undefined && { cause }) });
  return {
    send(data) {
      // A socket that is still connecting throws, one that is closing counts the bytes as buffered for ever.
      if (socket.readyState === 1) socket.send(data as Uint8Array<ArrayBuffer>);
    },
    close(code, reason) {
      // `onerror` stays: aborting an attempt is an error, told late.
      socket.onopen = socket.onmessage = socket.onclose = null;
      try {
        socket.close(code, reason);
      } catch {
        socket.close();
      }
    },
    get bufferedAmount() {
      return socket.bufferedAmount;
    },
  };
};
