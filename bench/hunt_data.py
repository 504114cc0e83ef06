# SPDX-License-Identifier: Apache-2.0
"""Events of a fleet for the hunting bench, made by the engine itself: a sender would need hours.

500 machines over 30 days. Programs, their hashes, paths, accounts and addresses are as uneven as on real
machines: few make most of the events, and a long tail is seen once. Each row follows from its number, so
two fillings are alike.
"""
import hashlib

TENANT = "bench"
DEVICES = 500
DAYS = 30
DAY_S = 86400
PROGRAMS = 30_000
EVENTS_A_PROCESS = 8  # those that make files or connections at all
# Rows of each table for one of processes.
TABLES = {"DeviceProcessEvents": 1.0, "DeviceFileEvents": 0.5, "DeviceNetworkEvents": 0.5, "DeviceInfo": 0.0072}
# One process start in so many has it in its command line.
RARE_TERM, RARE_ONE_IN = "xmrig", 2_000_003

KNOWN = ("bash sh dash cat ls grep sed awk cut sort head tail find xargs cp mv rm mkdir chmod chown ps top df du "
         "id uname hostname date sleep env curl wget ssh scp rsync tar gzip python3 perl node java nginx php-fpm "
         "postgres redis-server sshd cron systemd dbus-daemon containerd-shim runc docker kubelet git make gcc cc1 "
         "as ld apt-get dpkg").split()

# Names for expressions within a statement over n, the row's number in its table, and q, that of the
# process which made it: itself, or among so many of the day the one it stands beside.
COMMON = f"""
    WITH [{", ".join(f"'{k}'" for k in KNOWN)}] AS known,
    sipHash64(q, 1) / 18446744073709551616 AS u1, sipHash64(q, 2) / 18446744073709551616 AS u2,
    toUInt32({PROGRAMS} * u1 * u1 * u1) AS program, toUInt32(400 * u2 * u2) AS parent,
    sipHash64(q, 3) % {DEVICES} AS device, sipHash64(n, 4) AS h,
    if(program < length(known), known[program + 1], concat('tool-', toString(program))) AS program_name,
    if(parent < length(known), known[parent + 1], concat('tool-', toString(parent))) AS parent_name,
    concat(['/usr/bin/', '/usr/sbin/', '/usr/local/bin/', '/opt/app/bin/'][program % 4 + 1], program_name) AS path,
    concat(['/usr/bin/', '/usr/sbin/', '/usr/local/bin/', '/opt/app/bin/'][parent % 4 + 1], parent_name) AS parent_path,
    concat(['app', 'web', 'db', 'job', 'mail', 'log'][h % 6 + 1], '-', toString(intDiv(h, 64) % 4000)) AS word,
    lower(hex(SHA1(concat('device', toString(device))))) AS device_id,
    lower(hex(SHA256(concat(path, toString(device % 3))))) AS sha256,
    lower(hex(sipHash128('process', q))) AS process_id,
    ['root', 'www-data', 'postgres', 'deploy', 'backup', 'nobody'][toUInt8(6 * u2 * u2) + 1] AS account
"""

ENVELOPE = {
    "TenantId": f"'{TENANT}'", "DeviceId": "device_id",
    "DeviceName": "concat('server-', leftPad(toString(device), 3, '0'))", "BatchStream": "'bench'",
    "BatchNumber": "n", "Sequence": "n", "ReceivedTime": "Timestamp + INTERVAL 1 SECOND", "Timestamp": "moment",
    "ReportId": "n",
}
INITIATING = {
    "InitiatingProcessFileName": "program_name", "InitiatingProcessFolderPath": "path",
    "InitiatingProcessCommandLine": "concat(path, ' --config /etc/', account, '.conf')",
    "InitiatingProcessSHA256": "sha256", "InitiatingProcessAccountName": "account",
    "InitiatingProcessId": "1 + q % 4000000", "InitiatingProcessUniqueId": "process_id",
}
COLUMNS = {
    "DeviceProcessEvents": {
        "ActionType": "if(n % 3 = 0, 'ProcessTerminated', 'ProcessCreated')", "FileName": "program_name",
        "FolderPath": "path", "SHA256": "sha256", "ProcessId": "1 + n % 4000000", "AccountName": "account",
        "ProcessCommandLine": f"concat(path, ' --config /etc/', word, '.conf --id ', toString(h % 100000), "
                              f"if(n % {RARE_ONE_IN} = 17, ' {RARE_TERM} --donate-level 1', ''))",
        "ProcessUniqueId": "process_id", "ProcessCreationTime": "moment",
        "ProcessCurrentDirectory": "concat('/srv/', word)",
        "InitiatingProcessFileName": "parent_name", "InitiatingProcessFolderPath": "parent_path",
        "InitiatingProcessCommandLine": "concat(parent_path, ' --config /etc/', account, '.conf')",
        "InitiatingProcessSHA256": "lower(hex(SHA256(concat(parent_path, toString(device % 3)))))",
        "InitiatingProcessAccountName": "account", "InitiatingProcessId": "1 + sipHash64(parent, device) % 4000000",
        "InitiatingProcessUniqueId": "lower(hex(sipHash128(parent, device)))",
    },
    "DeviceFileEvents": INITIATING | {
        "ActionType": "['FileCreated', 'FileModified', 'FileRenamed', 'FileDeleted'][n % 4 + 1]",
        "FileName": "concat(word, '.', ['log', 'tmp', 'conf', 'json', 'so'][n % 5 + 1])",
        "FolderPath": "concat('/var/lib/', word, '/', toString(h % 1000), '/', word, '.', "
                      "['log', 'tmp', 'conf', 'json', 'so'][n % 5 + 1])",
        "FileSize": "h % 1000000",
    },
    "DeviceNetworkEvents": INITIATING | {
        "ActionType": "['ConnectionSuccess', 'InboundConnectionAccepted', 'ConnectionFailed'][n % 3 + 1]",
        "RemoteIP": "IPv4NumToString(toUInt32(167772160 + toUInt32(20000 * u1 * u1)))",
        "RemotePort": "[443, 80, 5432, 6379, 53, 22, 8080][h % 7 + 1]", "LocalPort": "32768 + h % 28000",
        "LocalIP": "IPv4NumToString(toUInt32(3232235520 + device))", "Protocol": "'Tcp'",
    },
    "DeviceInfo": {
        "OSPlatform": "'Linux'", "OSDistribution": "['Debian', 'Ubuntu', 'RedHatEnterpriseLinux'][device % 3 + 1]",
        "OSVersion": "toString(10 + device % 4)", "OnboardingStatus": "'Onboarded'", "SensorHealthState": "'Active'",
    },
}


def maker(table, day, rows, process_rows):
    """q of the row n."""
    if table == "DeviceProcessEvents":
        return "n"
    of_the_day = f"intDiv((n - {day * rows}) * {process_rows}, {rows})"
    return f"{day * process_rows} + intDiv({of_the_day}, {EVENTS_A_PROCESS}) * {EVENTS_A_PROCESS}"


def day_statement(table, day, begin_s, process_rows):
    """Rows of one day; begin_s: unix time of the first day's midnight, process_rows: of all days."""
    rows = rows_a_day(table, process_rows)
    q = maker(table, day, rows, rows_a_day("DeviceProcessEvents", process_rows))
    columns = ENVELOPE | COLUMNS[table]
    first, start = day * rows, begin_s + day * DAY_S
    moment = f"toDateTime64({start}, 9, 'UTC') + toIntervalNanosecond((n - {first}) * {DAY_S * 10**9 // rows})"
    return (f"INSERT INTO vakt.{table} ({', '.join(columns)}) {COMMON.strip()}, {moment} AS moment "
            f"SELECT {', '.join(f'{sql} AS {name}' for name, sql in columns.items())} "
            f"FROM (SELECT number + {first} AS n, {q} AS q FROM numbers({rows})) SETTINGS max_insert_threads = 2")


def rows_a_day(table, process_rows):
    return max(int(process_rows * TABLES[table] / DAYS), DEVICES)


def device_id(device):
    return hashlib.sha1(f"device{device}".encode()).hexdigest()


def sha256(path, version):
    return hashlib.sha256(f"{path}{version}".encode()).hexdigest()
