// Preloaded into a process that `npm start` or `npm test` starts: when the starter is gone for whatever reason, the
// process drains as on SIGTERM, and is killed if that exceeds the drain time.
const endWithinMs = 12_000;

// The starter was gone before this module loaded.
if (process.connected === false) process.exit(1);

if (process.channel) {
  process.channel.unref();
  process.once("disconnect", () => {
    setTimeout(() => process.kill(process.pid, "SIGKILL"), endWithinMs).unref();
    process.kill(process.pid, "SIGTERM");
  });
}
