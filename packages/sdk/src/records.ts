/** What is stored. Law: a record is believed only if it has the shape that it is used with; these checks may throw. */
import type { Floor } from "@cc/core";
import type { Position, User } from "./types.js";

/** How the token of a session is renewed: by the gateway for uid + authKey, by the app's function, or not at all. */
export type Renewal = "refresh" | "provider" | "none";

/** A login's name, the same in every tab and process that shares it. */
export interface SavedLogin {
  readonly login: string;
}

export interface SavedSession extends SavedLogin {
  readonly user: User;
  /** `null`: the last one was refused, and is never sent again (B2.7). */
  readonly token: string | null;
  /** Wall-clock ms when the token was had, and its life. */
  readonly at: number;
  readonly lifeMs: number | null;
  readonly renewal: Renewal;
}

export interface SavedPosition extends Position {
  readonly user: string;
}

const text = (value: unknown): boolean => typeof value === "string";

export const isLogin = ({ login }: SavedLogin): boolean => text(login);

export const isSession = ({ login, user, token, at, lifeMs }: SavedSession): boolean =>
  text(login) && text(user.uid) && text(token ?? "") && Number.isFinite(at + (lifeMs ?? 0));

export const isFloor = ({ from, ms }: Floor): boolean => Number.isFinite(from.wall + ms);

export const isInstance = ({ id }: { readonly id: string }): boolean => text(id) && id !== "";

export const isPosition = ({ epoch, positions }: SavedPosition): boolean =>
  text(epoch) && positions.length > 0 && positions.every(Number.isFinite);
