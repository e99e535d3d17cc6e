/** A TLS server of loopback with a certificate of its own making. The key is public, here and in every clone: it protects nothing. */
import { createServer } from "node:https";
import type { AddressInfo } from "node:net";
import { onTestFinished } from "vitest";

/** Of the certificate. */
export const key = `-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQg3rsqhVQN7rLdGW5t
dtuDBoXnTbxQfehlCDigkn0dsfWhRANCAATXUXb+KtDsJFL4H49fLygqDHv/TgP1
LXQkXcFt6oHQLF2jCqMpAnej228nK8feJDdIW4lxyJWAwfHWua0uaKJ1
-----END PRIVATE KEY-----`;

/** Self-signed for 127.0.0.1, until the year 2126. */
export const certificate = `-----BEGIN CERTIFICATE-----
MIIBmzCCAUGgAwIBAgIUc5PMfLsUPFNXHKmO1DDMlGDY+UIwCgYIKoZIzj0EAwIw
FDESMBAGA1UEAwwJbG9jYWxob3N0MCAXDTI2MTEyMTE5MzEzNloYDzIxMjYxMDI4
MTkzMTM2WjAUMRIwEAYDVQQDDAlsb2NhbGhvc3QwWTATBgcqhkjOPQIBBggqhkjO
PQMBBwNCAATXUXb+KtDsJFL4H49fLygqDHv/TgP1LXQkXcFt6oHQLF2jCqMpAnej
228nK8feJDdIW4lxyJWAwfHWua0uaKJ1o28wbTAdBgNVHQ4EFgQUFWyiQ0mNR5Ld
eZdFOtOMBZyRlQswHwYDVR0jBBgwFoAUFWyiQ0mNR5LdeZdFOtOMBZyRlQswDwYD
VR0TAQH/BAUwAwEB/zAaBgNVHREEEzARhwR/AAABgglsb2NhbGhvc3QwCgYIKoZI
zj0EAwIDSAAwRQIgXgX6n4IkJjgOVsJOz4z+Pb2G0EqGr1StWPm1gmXRxdQCIQCi
2LB2Ok3vn0K6NQSy7BVIYq+M/LEXYi5ie1nlqrnj8Q==
-----END CERTIFICATE-----`;

/** Starts it for the test that runs; the address is `wss:`, the answer to every upgrade HTTP 426. */
export async function secureServer(): Promise<string> {
  const server = createServer({ key, cert: certificate }).on("upgrade", (_request, socket) => {
    socket.end("HTTP/1.1 426 Upgrade Required\r\ncontent-length: 0\r\n\r\n");
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return `wss://127.0.0.1:${(server.address() as AddressInfo).port}/`;
}
