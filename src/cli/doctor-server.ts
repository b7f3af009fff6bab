import { counted } from "./text.js";
import { fail, ok, warn, type Check, type Result } from "./doctor-check.js";

/** Clocks of machines that are kept in step differ by less. */
const MAX_SKEW_MS = 2_000;
const FULL = 0.9;

/** One fact of INFO. */
function factOf(info: string, name: string): string {
  return new RegExp(`^${name}:(.*?)\\r?$`, "m").exec(info)?.[1] ?? "";
}

function factsOf(infos: readonly string[], name: string): string[] {
  return [...new Set(infos.map((info) => factOf(info, name)))];
}

/** Name, version and mode of a server; Valkey says besides which Redis it is like. */
function serverOf(info: string): { readonly version: string; readonly mode: string } {
  const valkey = factOf(info, "valkey_version");
  const version = valkey ? `Valkey ${valkey}` : `Redis ${factOf(info, "redis_version")}`;
  return { version, mode: factOf(info, "server_mode") || factOf(info, "redis_mode") };
}

/** By the INFO of each master. */
export function judgeVersions(infos: readonly string[]): Result {
  const found = infos.map(serverOf);
  const versions = [...new Set(found.map(({ version }) => version))];
  const modes = [...new Set(found.map(({ mode }) => mode))];
  const servers = infos.length > 1 ? `, ${infos.length} masters` : "";
  const message = `${versions.join(" and ")}, ${modes.join(" and ")}${servers}`;
  // Older ones are refused when the connection is made.
  return versions.length > 1 ? warn(message, "Servers of one Cluster should be of one version.") : ok(message);
}

export const checkVersion: Check = {
  title: "version",
  look: async ({ link }) => judgeVersions(await link.infos()),
};

export const checkRole: Check = {
  title: "role",
  async look({ link }) {
    const infos = await link.infos();
    if (factsOf(infos, "role").some((role) => role !== "master")) {
      return fail("this server is a replica, and cannot be written to", "Give the nodes the master, or the Sentinels.");
    }
    if (factsOf(infos, "cluster_enabled").includes("1")) {
      const state = factOf(String(await link.call("CLUSTER", "INFO")), "cluster_state");
      if (state !== "ok") return fail(`the Cluster is ${state}`, "See CLUSTER INFO: slots without a server?");
      if (!link.isCluster) {
        return fail(
          "this server is one of a Cluster",
          "Give convive({ redis: { cluster: [{ host, port }] } }); here --cluster.",
        );
      }
    }
    const replicas = infos.map((info) => Number(factOf(info, "connected_slaves")));
    return ok(
      `master, with ${counted(
        replicas.reduce((sum, each) => sum + each, 0),
        "replica",
      )}`,
    );
  },
};

export const checkClock: Check = {
  title: "clock",
  async look({ link }) {
    const before = Date.now();
    const [seconds, micros] = (await link.call("TIME")) as [string, string];
    const after = Date.now();
    const time = Number(seconds) * 1_000 + Number(micros) / 1_000;
    // Somewhere between the two the clock was read.
    const skew = time < before ? time - before : Math.max(time - after, 0);
    const message = `Redis' clock and this machine's differ by ${(Math.abs(skew) / 1_000).toFixed(1)} s`;
    if (Math.abs(skew) <= MAX_SKEW_MS) return ok(message);
    return warn(message, "Keep both in step (NTP): joinedAt is told by Redis' clock. Leases do not depend on it.");
  },
};

export const checkMemory: Check = {
  title: "memory",
  async look({ link }) {
    const infos = await link.infos();
    const policies = factsOf(infos, "maxmemory_policy");
    const limited = infos.filter((info) => Number(factOf(info, "maxmemory")) > 0);
    const used = factsOf(infos, "used_memory_human").join(", ");
    if (limited.length === 0) return ok(`${used} used, no limit`);
    const share = Math.max(
      ...limited.map((info) => Number(factOf(info, "used_memory")) / Number(factOf(info, "maxmemory"))),
    );
    const message = `${used} used, ${Math.round(share * 100)} % of maxmemory, ${policies.join(" and ")}`;
    if (share > FULL)
      return warn(message, "Raise maxmemory, or give Convive a Redis of its own: a full one refuses joins.");
    if (policies.some((policy) => policy !== "noeviction")) {
      return warn(
        message,
        "Set maxmemory-policy to noeviction: fences and heads of empty rooms have an expiry, and may be dropped early.",
      );
    }
    return ok(message);
  },
};

export const checkPersistence: Check = {
  title: "persistence",
  async look({ link }) {
    const infos = await link.infos();
    const isLoading = factsOf(infos, "loading").includes("1");
    if (isLoading) return fail("Redis is loading its data", "Wait until it has.");
    const isKept = infos.some((info) => factOf(info, "aof_enabled") === "1");
    if (factsOf(infos, "rdb_last_bgsave_status").includes("err")) {
      return warn(
        "the last snapshot to disk failed",
        "Look into Redis' log; with stop-writes-on-bgsave-error it refuses joins.",
      );
    }
    return ok(
      `${isKept ? "appended to a file" : "no append-only file"}; none is needed: nodes tell again whom they carry`,
    );
  },
};
