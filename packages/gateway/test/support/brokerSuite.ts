/**
 * What every broker must do, as tests: run by the memory broker here, and by any other where it lives. Written against the port only;
 * each broker starts empty.
 */
import type { Broker, Follower, LogEntry } from "@cc/protocol/server";
import { describe, expect, it } from "vitest";

const event = (data: unknown, more: { readonly kind?: string; readonly id?: string } = {}) => ({
  kind: "message",
  from: "alice",
  data,
  ...more,
});

/** Appends and gives the number. Fails the test if it was refused. */
export const appended = async (broker: Broker, channel: string, data: unknown, dedupId?: string): Promise<number> => {
  const outcome = await broker.append(channel, event(data), dedupId);
  if (!outcome.ok) throw new Error(`refused: ${outcome.code}`);
  return outcome.n;
};

/** A follower that writes down what it is told. */
export const recorder = (): Follower & { readonly entries: LogEntry[]; readonly resets: [string, number][] } => {
  const entries: LogEntry[] = [];
  const resets: [string, number][] = [];
  return {
    entries,
    resets,
    entry: (entry) => {
      entries.push(entry);
    },
    reset: (epoch, floor) => {
      resets.push([epoch, floor]);
    },
  };
};

/** The suite. `make` gives a fresh broker with room for at least 100 events. */
export const brokerSuite = (name: string, make: () => Broker | Promise<Broker>): void => {
  describe(`broker: ${name}`, () => {
    it("numbers increase over all channels of a partition, from 1 on [B10.2]", async () => {
      const broker = await make();
      const numbers = [
        await appended(broker, "user:a", 1),
        await appended(broker, "group:g", 2),
        await appended(broker, "user:a", 3),
      ];
      expect(numbers[0]).toBeGreaterThanOrEqual(1);
      expect([...numbers].sort((a, b) => a - b)).toEqual(numbers);
      expect(new Set(numbers).size).toBe(3);
      expect((await broker.bounds(0)).last).toBe(numbers[2]);
    });

    it("an event repeated under its dedup id is written once and answered as the first time [B10.6]", async () => {
      const broker = await make();
      const first = await appended(broker, "user:a", "x", "alice/1");
      await appended(broker, "user:a", "y");
      expect(await appended(broker, "user:a", "x", "alice/1")).toBe(first);
      expect(await appended(broker, "user:a", "x", "bob/1")).not.toBe(first);
      const { last } = await broker.bounds(0);
      const all = await broker.read(0, 0, last, 100);
      expect(all?.map(({ data }) => data)).toEqual(["x", "y", "x"]);
    });

    it("a follower is told the stored entries first, then each new one, in order and once", async () => {
      const broker = await make();
      await appended(broker, "user:a", 1);
      const second = await appended(broker, "user:a", 2);
      const early = recorder();
      const late = recorder();
      const stop = broker.follow(0, 0, early);
      broker.follow(0, second, late);
      await appended(broker, "user:a", 3);
      await expect.poll(() => early.entries.map(({ data }) => data)).toEqual([1, 2, 3]);
      await expect.poll(() => late.entries.map(({ data }) => data)).toEqual([3]);
      stop();
      await appended(broker, "user:a", 4);
      await expect.poll(() => late.entries.length).toBe(2);
      expect(early.entries).toHaveLength(3);
    });

    it("a follower that appends while it is told keeps everybody's order, and is never told the next inside the last", async () => {
      const broker = await make();
      const other = recorder();
      const seen: unknown[] = [];
      broker.follow(0, 0, {
        entry: ({ data }) => {
          seen.push(`${data} begins`);
          if (data === "one") void broker.append("user:a", event("two"), undefined);
          seen.push(`${data} ends`);
        },
        reset: () => {},
      });
      broker.follow(0, 0, other);
      await appended(broker, "user:a", "one");
      await expect.poll(() => seen).toEqual(["one begins", "one ends", "two begins", "two ends"]);
      await expect.poll(() => other.entries.map(({ data }) => data)).toEqual(["one", "two"]);
    });

    it("reads a stretch of the log, both ends as asked", async () => {
      const broker = await make();
      const numbers: number[] = [];
      for (let data = 1; data <= 5; data += 1) numbers.push(await appended(broker, "user:a", data));
      const [first = 0, , , fourth = 0] = numbers;
      expect((await broker.read(0, first, fourth, 100))?.map(({ data }) => data)).toEqual([2, 3, 4]);
      expect((await broker.read(0, first, fourth, 2))?.map(({ data }) => data)).toEqual([2, 3]);
      expect(await broker.read(0, fourth + 1, fourth + 1, 10)).toEqual([]);
    });

    it("membership is the intervals between joining and leaving [B10.5]", async () => {
      const broker = await make();
      const marker = async (change: string): Promise<number> => {
        const outcome = await broker.append(
          "group:g",
          { kind: "member", from: "system", data: { user: "bob", change } },
          undefined,
        );
        return outcome.ok ? outcome.n : Number.NaN;
      };
      const joined = await marker("joined");
      await appended(broker, "group:g", "said");
      const left = await marker("left");
      const again = await marker("joined");
      expect(await broker.members()).toEqual([
        {
          channel: "group:g",
          user: "bob",
          intervals: [
            { after: joined - 1, until: left },
            { after: again - 1, until: Number.POSITIVE_INFINITY },
          ],
        },
      ]);
    });

    it("an ephemeral event reaches every listener and never the log [B10.1]", async () => {
      const broker = await make();
      const heard: unknown[] = [];
      const stop = broker.onCast(({ data }) => heard.push(data));
      broker.cast({ channel: "user:a", kind: "typing", from: "bob", data: 1 });
      await expect.poll(() => heard).toEqual([1]);
      stop();
      broker.cast({ channel: "user:a", kind: "typing", from: "bob", data: 2 });
      const { floor, last } = await broker.bounds(0);
      expect(last).toBe(floor);
      expect(heard).toEqual([1]);
    });

    it("two logs never share an epoch [B10.2]", async () => {
      const [one, other] = [await make(), await make()];
      expect(one.epoch).not.toBe(other.epoch);
    });
  });
};
