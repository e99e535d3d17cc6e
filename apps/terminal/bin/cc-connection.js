#!/usr/bin/env node
// A file that exists before the first build, so that an install can link the command.
import "../dist/cli.js";
