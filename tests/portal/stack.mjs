// SPDX-License-Identifier: Apache-2.0
/*
 * stack.mjs - the real programs in a folder of their own: store, control plane, sensor, uplink
 *
 * Ports are free ones; what is started here is ended by its pid. The alert is that of the real test
 * alert, the million events are written into the real store.
 */
import { execFileSync, spawn } from "node:child_process";
import fs from "node:fs";
import http from "node:http";
import net from "node:net";
import os from "node:os";
import path from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";

import { until } from "./tap.mjs";

// The sensor sees the whole machine. With these only what the cases do themselves makes an alert.
const RULES = [
	"autostart_file_written", "base64_to_shell", "download_to_shell", "execution_from_memory", "ld_preload_written",
	"reverse_shell", "sensitive_file_enumeration", "shadow_read", "shell_connects_outside", "shell_history_cleared",
	"ssh_key_added", "web_server_shell",
];

const SOURCE = fileURLToPath(new URL("../..", import.meta.url));
const BUILD = process.env.VAKT_BUILD ?? path.join(SOURCE, "build/release");
const LIBCHDB = process.env.VAKT_LIBCHDB ?? path.join(SOURCE, "build/chdb/libchdb.so");
const PORTAL = path.join(SOURCE, "build/portal");

export const MILLION = 1_000_000;
export const DAY_MS = 86400e3;

function freePort() {
	return new Promise((resolve, reject) => {
		const server = net.createServer().on("error", reject);
		server.listen(0, "127.0.0.1", () => {
			const { port } = server.address();
			server.close(() => resolve(port));
		});
	});
}

export class Stack {
	dir = fs.mkdtempSync(path.join(os.tmpdir(), "vakt-portal-"));
	children = new Map();

	program(name) {
		return path.join(BUILD, "src/programs", name);
	}

	start(name, ...args) {
		const log = fs.openSync(path.join(this.dir, `${name}.log`), "a");
		const child = spawn(this.program(name), args, { stdio: ["ignore", "ignore", log] });
		fs.closeSync(log);
		this.children.set(name, child);
	}

	log(name) {
		return fs.readFileSync(path.join(this.dir, `${name}.log`), "utf8");
	}

	run(name, ...args) {
		return execFileSync(this.program(name), args, { encoding: "utf8", timeout: 60000 });
	}

	async up() {
		if (!fs.existsSync(path.join(PORTAL, "index.html")))
			throw new Error(`${PORTAL} is not built: make build`);
		const at = (name) => path.join(this.dir, name);
		this.port = await freePort();
		this.devicePort = await freePort();
		this.base = `https://localhost:${this.port}`;
		for (const name of ["device", "run"]) fs.mkdirSync(at(name));
		this.start("vakt-store", "--library", LIBCHDB, "--data-dir", at("store"), "--socket", at("store.sock"));
		const cloud = [
			"--state-dir", at("cloud"), "--store", `unix:${at("store.sock")}`, "--public-host", "localhost",
			"--device-port", String(this.devicePort),
		];
		fs.mkdirSync(at("rules"));
		for (const name of RULES)
			fs.copyFileSync(path.join(SOURCE, "content/rules/linux", `${name}.yml`), at(`rules/${name}.yml`));
		this.start(
			"vakt-cloud", ...cloud, "--portal-port", String(this.port), "--portal-dir", PORTAL,
			"--rules-dir", at("rules"));
		await until("vakt-cloud serves", () => this.log("vakt-cloud").includes("devices are served"), 60);
		fs.writeFileSync(at("token"), this.run("vakt-cloud", ...cloud, "create-token"));
		this.run("vakt", "onboard", "--token", at("token"), "--state-dir", at("device"));
		this.start("vakt-sensor", "--state-dir", at("device"), "--run-dir", at("run"));
		this.start("vakt-uplink", "--state-dir", at("device"), "--run-dir", at("run"));
		await until("vakt-sensor watches", () => this.log("vakt-sensor").includes("started"), 60);
		this.firstPassword = fs.readFileSync(at("cloud/first-password"), "utf8").trim().split(/\s+/).at(-1);
	}

	testAlert() {
		this.run("vakt", "edr", "test-alert", "--share-dir", path.join(SOURCE, "packaging"));
	}

	/** One statement to the store, as its owner. */
	ask(sql) {
		return new Promise((resolve, reject) => {
			const request = http.request(
				{ socketPath: path.join(this.dir, "store.sock"), path: "/", method: "POST" },
				(response) => {
					let text = "";
					response.setEncoding("utf8");
					response.on("data", (part) => (text += part));
					response.on("end", () =>
						response.statusCode === 200 ? resolve(text.trim()) : reject(new Error(text)));
				});
			request.on("error", reject);
			request.end(sql);
		});
	}

	/** A change behind the control plane's back, in its own database. */
	state(sql) {
		const run = "import sqlite3, sys; sqlite3.connect(sys.argv[1], isolation_level=None, timeout=10).execute(sys.argv[2])";
		execFileSync("python3", ["-c", run, path.join(this.dir, "cloud/state.db"), sql]);
	}

	/** A million starts of processes within ten days, long before the device was there. */
	async million(tenantId, deviceId, end) {
		const first = end - 10 * DAY_MS;
		await this.ask(`INSERT INTO vakt.DeviceProcessEvents
			(TenantId, DeviceId, DeviceName, Timestamp, ReceivedTime, ActionType, ReportId, FileName,
			FolderPath, ProcessId, ProcessCommandLine, AccountName, ProcessUniqueId,
			InitiatingProcessFileName, InitiatingProcessId, InitiatingProcessUniqueId)
			SELECT '${tenantId}', '${deviceId}', 'million', t, t, 'ProcessCreated', number + 1,
			'worker', '/usr/bin/worker', 1000 + number % 30000,
			concat('/usr/bin/worker --job ', toString(number)), 'www-data', lower(hex(number)),
			'cron', 700, 'cron' FROM (SELECT number, fromUnixTimestamp64Milli(toInt64(${first}) +
			intDiv(number * 864, 1)) AS t FROM numbers(${MILLION}))`);
		const away = (from, minutes) => `('${tenantId}', '${deviceId}', 'million',
			fromUnixTimestamp64Milli(toInt64(${from})), fromUnixTimestamp64Milli(toInt64(${from})),
			'SensorStopped', ${from % 1e9}, fromUnixTimestamp64Milli(toInt64(${from + minutes * 60000})),
			'all', 'the sensor was not running')`;
		await this.ask(`INSERT INTO vakt.SensorGaps (TenantId, DeviceId, DeviceName, Timestamp,
			ReceivedTime, ActionType, ReportId, EndTime, LostKind, Reason)
			VALUES ${away(end - 3600e3, 10)}, ${away(end - 4 * DAY_MS, 300)}`);
		return { from: new Date(first).toISOString(), to: new Date(end).toISOString() };
	}

	async down() {
		for (const [, child] of [...this.children].reverse()) {
			if (child.exitCode !== null || child.signalCode !== null) continue;
			const ended = new Promise((resolve) => child.once("exit", resolve));
			child.kill("SIGTERM");
			const timer = setTimeout(() => child.kill("SIGKILL"), 8000);
			await ended;
			clearTimeout(timer);
		}
		fs.rmSync(this.dir, { recursive: true, force: true });
	}
}
