/** For `pnpm mutation` alone: nobody reads the stack of an error that a mutant caused, and a long one for each took a third of the time. */
Error.stackTraceLimit = 2;
