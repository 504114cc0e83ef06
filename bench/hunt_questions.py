# SPDX-License-Identifier: Apache-2.0
"""What is asked in the hunting bench: the query, and SQL written by hand for the same answer.

The SQL is the best we know for this engine and these tables; whoever knows better mends it here. Both
must give the same rows in the same order.
"""
import dataclasses
import typing

import hunt_data as data

DAY_S = data.DAY_S


def at(seconds):
    return f"toDateTime64({seconds}, 9, 'UTC')"


@dataclasses.dataclass
class Question:
    name: str
    kql: typing.Callable[[int], str]
    sql: typing.Callable[[int], str]
    interactive: bool = True


T = f"TenantId = '{data.TENANT}'"


def iso(column):
    return f"concat(replaceOne(substring(toString({column}), 1, 27), ' ', 'T'), 'Z')"


def one_device_a_day(table, now_s, columns):
    return (f"SELECT Timestamp AS t, ActionType, {columns}, InitiatingProcessFileName, ReportId FROM vakt.{table} "
            f"WHERE {T} AND DeviceId = '{data.device_id(42)}' AND Timestamp BETWEEN {at(now_s - 2 * DAY_S)} "
            f"AND {at(now_s - DAY_S)} ORDER BY Timestamp DESC LIMIT 1000")


QUESTIONS = [
    Question(
        "device timeline",
        lambda now_s: f"""
            union DeviceProcessEvents, DeviceFileEvents, DeviceNetworkEvents
            | where DeviceId == "{data.device_id(42)}" and Timestamp between (ago(2d) .. ago(1d))
            | project Timestamp, ActionType, FileName, InitiatingProcessFileName, ReportId
            | top 1000 by Timestamp desc""",
        lambda now_s: f"""
            SELECT {iso('t')}, ActionType, FileName, InitiatingProcessFileName, ReportId FROM (
            SELECT * FROM ({one_device_a_day('DeviceProcessEvents', now_s, 'FileName')})
            UNION ALL SELECT * FROM ({one_device_a_day('DeviceFileEvents', now_s, 'FileName')})
            UNION ALL SELECT * FROM ({one_device_a_day('DeviceNetworkEvents', now_s, "'' AS FileName")})
            ) ORDER BY t DESC LIMIT 1000"""),
    Question(
        "rare term",
        lambda _: f"""
            DeviceProcessEvents
            | where ProcessCommandLine has "{data.RARE_TERM}"
            | project Timestamp, DeviceName, ProcessCommandLine
            | order by Timestamp asc""",
        lambda _: f"""
            SELECT {iso('Timestamp')}, DeviceName, ProcessCommandLine FROM vakt.DeviceProcessEvents
            WHERE {T} AND hasToken(lower(ProcessCommandLine), '{data.RARE_TERM}') ORDER BY Timestamp"""),
    Question(
        "hash look-up",
        lambda _: f"""
            DeviceProcessEvents
            | where SHA256 == "{data.sha256('/usr/local/bin/tool-2998', 1)}"
            | summarize Starts = count(), First = min(Timestamp), Last = max(Timestamp), Devices = dcount(DeviceId)""",
        lambda _: f"""
            SELECT count(), {iso('min(Timestamp)')}, {iso('max(Timestamp)')}, uniq(DeviceId)
            FROM vakt.DeviceProcessEvents
            WHERE {T} AND SHA256 = '{data.sha256('/usr/local/bin/tool-2998', 1)}'"""),
    Question(
        "prevalence",
        lambda _: """
            DeviceProcessEvents
            | where Timestamp > ago(7d)
            | summarize Devices = dcount(DeviceId), Starts = count() by SHA256
            | where Devices < 50
            | top 100 by Starts desc, SHA256 asc""",
        lambda now_s: f"""
            SELECT SHA256, uniq(DeviceId) AS devices, count() AS starts FROM vakt.DeviceProcessEvents
            WHERE {T} AND Timestamp > {at(now_s - 7 * DAY_S)} GROUP BY SHA256 HAVING devices < 50
            ORDER BY starts DESC, SHA256 LIMIT 100""",
        interactive=False),
    Question(
        "process and network",
        lambda _: """
            DeviceProcessEvents
            | where Timestamp > ago(1d) and FileName == "curl"
            | project DeviceId, ProcessUniqueId, ProcessCommandLine
            | join kind=inner (DeviceNetworkEvents | where Timestamp > ago(1d) and RemotePort == 443)
              on DeviceId, $left.ProcessUniqueId == $right.InitiatingProcessUniqueId
            | summarize Connections = count() by DeviceId, RemoteIP
            | top 100 by Connections desc, DeviceId asc, RemoteIP asc""",
        lambda now_s: f"""
            SELECT DeviceId, RemoteIP, count() AS connections FROM (
            SELECT DeviceId, RemoteIP, InitiatingProcessUniqueId AS id FROM vakt.DeviceNetworkEvents
            WHERE {T} AND Timestamp > {at(now_s - DAY_S)} AND RemotePort = 443) AS n
            INNER JOIN (SELECT DeviceId, ProcessUniqueId AS id FROM vakt.DeviceProcessEvents
            WHERE {T} AND Timestamp > {at(now_s - DAY_S)} AND FileName = 'curl') AS p USING (DeviceId, id)
            GROUP BY DeviceId, RemoteIP ORDER BY connections DESC, DeviceId, RemoteIP LIMIT 100"""),
    Question(
        "latest of each device",
        lambda _: """
            DeviceProcessEvents
            | summarize arg_max(Timestamp, FileName, ProcessCommandLine) by DeviceId
            | order by DeviceId asc""",
        lambda _: f"""
            SELECT DeviceId, {iso('latest.1')}, latest.2, latest.3 FROM (
            SELECT DeviceId, argMax((Timestamp, FileName, ProcessCommandLine), Timestamp) AS latest
            FROM vakt.DeviceProcessEvents WHERE {T} AND (DeviceId, Timestamp) IN (
            SELECT DeviceId, max(Timestamp) FROM vakt.DeviceProcessEvents WHERE {T} GROUP BY DeviceId)
            GROUP BY DeviceId) ORDER BY DeviceId""",
        interactive=False),
    Question(
        "latest state of each",
        lambda _: """
            DeviceInfo
            | summarize arg_max(Timestamp, OSDistribution, OSVersion) by DeviceId
            | summarize Devices = count() by OSDistribution, OSVersion
            | order by OSDistribution asc, OSVersion asc""",
        lambda _: f"""
            SELECT os.1 AS distribution, os.2 AS version, count() FROM (
            SELECT argMax((OSDistribution, OSVersion), Timestamp) AS os FROM vakt.DeviceInfo WHERE {T} GROUP BY DeviceId)
            GROUP BY distribution, version ORDER BY distribution, version"""),
    Question(
        "make-series",
        lambda _: """
            DeviceProcessEvents
            | make-series Starts = count() default = 0 on Timestamp from ago(30d) to now() step 1d by ActionType
            | project ActionType, Starts
            | order by ActionType asc""",
        lambda now_s: f"""
            SELECT ActionType, concat('[', arrayStringConcat(groupArray(toString(starts)), ','), ']') FROM (
            SELECT ActionType, toDate(Timestamp) AS day, count() AS starts FROM vakt.DeviceProcessEvents
            WHERE {T} AND Timestamp >= {at(now_s - 30 * DAY_S)} AND Timestamp < {at(now_s)}
            GROUP BY ActionType, day ORDER BY ActionType, day) GROUP BY ActionType ORDER BY ActionType"""),
]
