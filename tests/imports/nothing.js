/** Does nothing: what loading a module looks like. */
export {};
