/**
 * Positions: how far a client has got in the server's log.
 *
 * Law: an epoch and one number per partition, a list of length 1 today. Numbers of one partition increase and are not
 * dense, so nobody but the server can say that one is missing. Positions of different epochs cannot be compared.
 */

/** A place in the log. Opaque to apps: store it and give it back. */
export interface Position {
  /** Names one life of the log. */
  readonly epoch: string;
  /** One number per partition, in partition order: everything up to it, inclusive, is behind us. */
  readonly positions: readonly number[];
}
