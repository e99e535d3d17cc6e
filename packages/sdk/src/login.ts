/**
 * Logging in and out.
 *
 * Law: a login is one job; whatever comes back for one that was given up is dropped. A logout wins at whatever it finds
 * a login waiting for, and is done here at once, whether or not the server can be told.
 */
import { type ConnectionError, connectionError, isConnectionError, type State } from "@cc/core";
import type { Account } from "./account.js";
import { tokenResult } from "./token.js";
import type { AuthResult, GetToken, LoginWithProvider, LogoutResult, User } from "./types.js";
import { Abort, disposedError, within } from "./waits.js";

/** A server that cannot be told of a logout within this is not waited for (B2.5). */
const REVOKE_MS = 3_000;
/** Storage that has not been purged by then is not waited for before the server is told. */
const FENCE_MS = 250;
/** A login that has no answer by then has failed. */
const AUTH_MS = 15_000;

/** Made with the first login or logout of a client. */
export class Login {
  readonly #account: Account;
  #job: { readonly key: string; readonly abort: Abort; readonly result: Promise<User> } | undefined;
  /** The logout that runs; a login waits for it, so that what is told of one session never comes after the next began. */
  #leaving: Promise<LogoutResult> | undefined;
  #revoking: Abort | undefined;

  constructor(account: Account) {
    this.#account = account;
  }

  // ---- login ---------------------------------------------------------------------------------------------------

  login(first: string | LoginWithProvider, authKey?: string): Promise<User> {
    if (this.#account.connection.disposed) return Promise.reject(disposedError());
    const key = JSON.stringify([first, authKey]);
    const valid =
      typeof first === "string" ? first && authKey !== "" : first?.uid && typeof first.getToken === "function";
    if (!valid)
      return this.#refuse("ERR_INVALID_ARGUMENT", "login() takes uid and authKey, a token, or { uid, getToken }");
    if (!this.#account.app || !this.#account.options.protocol.login) return this.#refuse("ERR_NOT_INITIALIZED");
    const running = this.#job;
    if (running) {
      // A function cannot be compared by its text: the same uid by way of getToken counts as the same login.
      return running.key === key
        ? running.result
        : Promise.reject(connectionError("ERR_LOGIN_IN_PROGRESS", undefined, "auth"));
    }
    const abort = new Abort();
    const result = this.#account.untilDisposed(this.#settled(first, authKey, abort));
    this.#job = { key, abort, result };
    return result;
  }

  async #settled(first: string | LoginWithProvider, authKey: string | undefined, abort: Abort): Promise<User> {
    try {
      // A logout wins at whatever it finds the login waiting for, and in the moment after too.
      const user = await Promise.race([this.#logIn(first, authKey, abort), abort.aborted()]);
      abort.check();
      this.#job = undefined;
      this.#account.toLogin("loginSuccess", user);
      this.#account.bus.emit("user", user);
      return user;
    } catch (cause) {
      if (this.#job?.abort === abort) this.#job = undefined;
      const asked = typeof first === "string";
      const error = isConnectionError(cause)
        ? cause
        : connectionError(asked ? "ERR_WEBSOCKET_ERROR" : "ERR_TOKEN_PROVIDER", undefined, "auth", {
            cause,
            retryable: (cause as { terminal?: unknown } | undefined)?.terminal !== true,
          });
      this.#account.toLogin("loginFailure", error);
      throw error;
    }
  }

  async #logIn(first: string | LoginWithProvider, authKey: string | undefined, abort: Abort): Promise<User> {
    const { clock } = this.#account.options;
    const { uid, getToken } =
      typeof first === "string" ? { uid: authKey === undefined ? undefined : first, getToken: undefined } : first;
    await this.#account.app?.ready;
    await this.#leaving;
    abort.check();
    const known = this.#stay(uid, getToken);
    if (known) return known;
    const leave = async (next: string): Promise<void> => {
      const user = this.#account.user;
      if (user !== null && user.uid !== next) await this.#endSession();
      abort.check();
    };
    // Whose a token is only the server knows: then the logout comes after its answer.
    if (uid !== undefined) await leave(uid);
    const result = await within(clock, AUTH_MS, abort, () => this.#authenticate(first, authKey, abort.signal));
    const { user, token, expiresInMs: lifeMs } = result;
    const same = authKey === undefined && !getToken ? this.#stay(user.uid) : undefined;
    if (same) return same;
    await leave(user.uid);
    const renewal = getToken ? "provider" : authKey === undefined ? "none" : "refresh";
    await this.#account.shared?.begin({ user, token, at: clock.wall(), lifeMs, renewal });
    abort.check();
    this.#account.provider = getToken;
    const resume = this.#account.user === null ? undefined : this.#account.session?.position();
    this.#account.session?.end("ERR_LOGGED_OUT");
    this.#account.enter(result, renewal, resume);
    return user;
  }

  /** The user, if a login as `uid` finds that user logged in, and nothing that a new login would mend. */
  #stay(uid: string | undefined, getToken?: GetToken): User | null | undefined {
    const { link, session } = this.#account.connection.state();
    const user = this.#account.user;
    if (user?.uid !== uid || link.tag === "failed" || session.tag !== "active") return undefined;
    if (link.tag !== "linked" && !this.#renews(session.token, getToken)) return undefined;
    if (getToken) {
      this.#account.provider = getToken;
      this.#account.renewal = "provider";
    }
    // It takes back an earlier disconnect() (B3.4), and may bring a way to renew the token.
    this.#account.connection.relogin(this.#account.renewal !== "none");
    return user;
  }

  /** Whether the session has a token to come: a restored one may have nothing but what ran out meanwhile. */
  #renews(token: Extract<State["session"], { tag: "active" }>["token"], getToken: GetToken | undefined): boolean {
    if (this.#account.renewal !== "refresh")
      return this.#account.renewal === "provider" && !!(getToken ?? this.#account.provider);
    const { clock } = this.#account.options;
    return (
      !!getToken ||
      (!!token &&
        (token.lifeMs === null ||
          Math.max(clock.now() - token.from.now, clock.wall() - token.from.wall) < token.lifeMs))
    );
  }

  #refuse(code: ConnectionError["code"], message?: string): Promise<never> {
    const error = connectionError(code, message, "auth");
    this.#account.toLogin("loginFailure", error);
    return Promise.reject(error);
  }

  async #authenticate(
    first: string | LoginWithProvider,
    authKey: string | undefined,
    signal: AbortSignal,
  ): Promise<AuthResult> {
    if (typeof first !== "string") {
      const { token, lifeMs } = tokenResult(await first.getToken({ reason: "login", signal }));
      return { user: { uid: first.uid }, token, expiresInMs: lifeMs };
    }
    const api = this.#account.auth();
    const answer = await (authKey === undefined ? api.me(first, signal) : api.login(first, authKey, signal));
    const { token, lifeMs } = tokenResult(answer);
    return { user: answer.user, token, expiresInMs: lifeMs };
  }

  // ---- logout --------------------------------------------------------------------------------------------------

  /** Ends the session here, at once: link, calls, storage. Answers whether storage could be purged. */
  async #leave(): Promise<boolean> {
    this.#account.leave();
    const purged = [this.#account.shared?.forget(), this.#account.forgetPosition()];
    return !(await Promise.all(purged)).includes(false);
  }

  logout(): Promise<LogoutResult> {
    if (this.#account.connection.disposed) return Promise.reject(disposedError());
    this.#job?.abort.abort(connectionError("ERR_LOGGED_OUT", undefined, "auth"));
    this.#job = undefined;
    return this.#endSession();
  }

  #endSession(): Promise<LogoutResult> {
    this.#leaving ??= this.#account.untilDisposed(this.#leaveAndTell()).finally(() => {
      this.#leaving = undefined;
    });
    return this.#leaving;
  }

  async #leaveAndTell(): Promise<LogoutResult> {
    // A session that is still being restored is logged out as one that was.
    if (!this.#account.instance) await this.#account.app?.ready;
    const held = this.#account.connection.state().session;
    const token = held.tag === "active" ? held.token?.value : undefined;
    const purging = this.#leave();
    // Other tabs learn it from storage, not from a server that refuses their token.
    await new Promise<void>((go) => {
      const late = this.#account.clock.after(FENCE_MS, go);
      void purging.then(late).then(go);
    });
    const result = await this.#revoke(token);
    if (await purging) this.#account.toLogin("logoutSuccess");
    else
      this.#account.toLogin("logoutFailure", connectionError("ERR_STORAGE", undefined, "storage", { retryable: true }));
    this.#account.bus.emit("user", null);
    return result;
  }

  async #revoke(token: string | undefined): Promise<LogoutResult> {
    if (!token || this.#account.connection.disposed) return { revoked: false };
    const abort = new Abort();
    this.#revoking = abort;
    try {
      await within(this.#account.options.clock, REVOKE_MS, abort, () =>
        this.#account.auth().revoke(token, abort.signal),
      );
      return { revoked: true };
    } catch (cause) {
      const error = isConnectionError(cause)
        ? cause
        : connectionError("ERR_WEBSOCKET_ERROR", undefined, "auth", { cause });
      return { revoked: false, error };
    }
  }

  dispose(): void {
    this.#job?.abort.abort(disposedError());
    this.#revoking?.abort(disposedError());
  }
}
