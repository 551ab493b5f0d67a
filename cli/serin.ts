#!/usr/bin/env node
console.log("serin", process.version, process.argv.slice(2));
