/**
 * What tabs and processes on one storage share, and what each has for itself (B2.9).
 *
 * Law: a login has a name, which everybody who restores it takes over with it. A client is fenced when storage tells that its
 * login was logged out, or holds a login of another name: from then on it is logged out and writes nothing. That a record
 * is missing is no reason, for storage loses things. A read and the write that follows it are not one act in every storage,
 * so a record may come back by somebody who had read it before it went; that it is void is still to be seen by whoever looks.
 */
import type { Cancel, Floor } from "@cc/core";
import {
  isFloor,
  isInstance,
  isLogin,
  isPosition,
  isSession,
  type SavedPosition,
  type SavedSession,
} from "./records.js";
import type { Store } from "./store.js";
import type { User } from "./types.js";

type Unnamed = Omit<SavedSession, "login">;

/** What is asked of the client. */
export interface Sharer {
  readonly user: User | null;
  randomId(): string;
  /** What is to be stored of its session now; `undefined` when there is none. */
  record(): Unnamed | undefined;
  /** Its login is over: elsewhere somebody logged out, or in as another. */
  fenced(): void;
}

export class SharedSession {
  readonly #store: Store;
  readonly #sharer: Sharer;
  readonly #unwatch: Cancel | undefined;
  #login = "";
  /** The login that this one took the place of: who comes back with it had read it before. */
  #before: string | undefined;
  #undone = false;
  /** With the token that another tab wrote last. */
  #seen: SavedSession | undefined;
  #floor: Floor | null = null;

  constructor(store: Store, sharer: Sharer, watch: boolean) {
    this.#store = store;
    this.#sharer = sharer;
    this.#unwatch = watch ? store.watch("session", () => this.#check()) : undefined;
  }

  /** Looks at storage, behind what is under way there; fences this client when its login is over. */
  check(): Promise<void> {
    return this.#store.run(() => this.#check(), undefined);
  }

  async #check(): Promise<void> {
    if ((await this.#mine()) && this.#undone) await this.#put();
  }

  async load(): Promise<readonly [session: SavedSession | undefined, floor: Floor | null]> {
    this.#floor = (await this.#store.read("floor", isFloor)) ?? null;
    const session = await this.#store.run(async () => {
      const [saved, out] = await this.#look();
      if (saved?.login === out) return undefined;
      this.#login = saved?.login ?? "";
      return saved;
    }, undefined);
    return [session, this.#floor];
  }

  /** Writes the session of a login. One as the user whom storage knows already joins that login: nobody else is fenced. */
  begin(session: Unnamed): Promise<void> {
    return this.#store.run(async () => {
      this.#login = this.#sharer.randomId();
      this.#before = undefined;
      // A token of the login before it may be another user's.
      this.#seen = undefined;
      const [saved, out] = await this.#look();
      if (saved?.user.uid === session.user.uid && saved.login !== out) this.#login = saved.login;
      else this.#before = saved?.login;
      await this.#store.put("session", { ...session, login: this.#login });
    }, undefined);
  }

  /** Token or floor changed. */
  save(floor: Floor | null, login: boolean): void {
    void this.#store.run(async () => {
      if (login && !(await this.#mine())) return;
      // A floor that this client never had is another's.
      if (floor !== this.#floor) void this.#store.write("floor", floor ?? undefined);
      this.#floor = floor;
      if (login) await this.#put();
    }, undefined);
  }

  /** Purges the session, and tells the others. Answers whether storage could be purged. */
  forget(): Promise<boolean> {
    const login = this.#login;
    const tell = async (): Promise<boolean> => !login || this.#store.write("logout", { login });
    // First: whoever sees the session gone must see why.
    const told = tell();
    const purged = this.#store.run(async () => {
      const saved = await this.#store.get("session", isSession).catch(() => undefined);
      if (!saved || saved.login === login || saved.login === this.#before) await this.#store.put("session", undefined);
      return true;
    }, false);
    // Storage that is full has room when the session is gone.
    void told.then((ok) => ok || tell());
    return purged;
  }

  /** What another tab wrote of this login last, once. */
  seen(): SavedSession | undefined {
    const seen = this.#seen;
    this.#seen = undefined;
    return seen;
  }

  dispose(): void {
    this.#unwatch?.();
  }

  async #look(): Promise<readonly [saved: SavedSession | undefined, out: string | undefined]> {
    const saved = await this.#store.get("session", isSession);
    return [saved, (await this.#store.get("logout", isLogin))?.login];
  }

  /** Whether this client may write; fences it when it may not. Within `run`. */
  async #mine(): Promise<boolean> {
    const [saved, out] = await this.#look();
    const login = this.#login;
    if (this.#sharer.user === null) return false;
    const known = saved?.login === login;
    this.#seen = known ? saved : undefined;
    this.#undone = !known && saved !== undefined && saved.login === this.#before;
    if (out !== login && (!saved || known || this.#undone)) return true;
    this.#sharer.fenced();
    if (known) await this.#store.put("session", undefined);
    return false;
  }

  async #put(): Promise<void> {
    const record = this.#sharer.record();
    this.#seen = undefined;
    if (record) await this.#store.put("session", { ...record, login: this.#login });
  }
}

/** Who this tab or process is. */
interface Instance {
  readonly id: string;
  /** Key of its position. */
  readonly place: string;
  readonly position: SavedPosition | undefined;
  readonly release: Cancel | undefined;
}

/**
 * Takes an instance that nobody else is. A tab's own storage may be a copy of another tab's: then it takes a new name and no
 * position. Processes that share theirs (`shared`) each have a numbered place in it, and find it again after a restart.
 */
export async function claim(tab: Store, shared: boolean, randomId: () => string): Promise<Instance> {
  for (let n = 0; ; n++) {
    const suffix = n ? `:${n}` : "";
    const place = `position${suffix}`;
    const [own, position] = await Promise.all([tab.read(`instance${suffix}`, isInstance), tab.read(place, isPosition)]);
    const id = own?.id ?? randomId();
    const release = await tab.lock(shared ? `tab${suffix}` : id);
    if (!release && shared) continue;
    const free = release ? id : randomId();
    if (free !== own?.id) void tab.write(`instance${suffix}`, { id: free });
    if (release) return { id, place, position, release };
    void tab.write(place, undefined);
    return { id: free, place, position: undefined, release: await tab.lock(free) };
  }
}
