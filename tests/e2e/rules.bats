#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# rules.bats - vakt-rules: what it says of good and bad rules and cases

setup() {
	RULES=$VAKT_BUILD/src/programs/vakt-rules
	DIR=$(mktemp -d)
	mkdir "$DIR/rules"
	cat >"$DIR/rules/shell.yml" <<-'END'
		title: Shell of a web server
		id: 0d7b1e0e-92b4-4d2a-9d3c-1d6a3b7f1c55
		level: high
		tags: [attack.t1505.003, attack.persistence]
		logsource: {category: process_creation, product: linux}
		detection:
		  shell:
		    Image|endswith: [/sh, /bash]
		    ParentImage|endswith: /nginx
		  condition: shell
	END
}

teardown() {
	rm -rf "$DIR"
}

# A case over the folder of rules, with these events and what else it says.
case_of() {
	printf '{"rules": "rules", "name": "%s", "events": [%s]%s}\n' "$1" "$2" "$3"
}

SIGMA='{"category": "process_creation", "product": "linux",
	"fields": {"Image": "/bin/bash", "ParentImage": "/usr/sbin/nginx", "ProcessId": 7}}'
ROW='{"Table": "DeviceProcessEvents", "ActionType": "ProcessCreated", "ProcessId": 7,
	"FolderPath": "/bin/sh", "InitiatingProcessFolderPath": "/usr/sbin/nginx"}'
FORK='{"Table": "DeviceProcessEvents", "ActionType": "ProcessForked",
	"FolderPath": "/bin/sh", "InitiatingProcessFolderPath": "/usr/sbin/nginx"}'

@test "good rules are counted and listed" {
	run "$RULES" check "$DIR/rules"
	[ "$status" = 0 ]
	[ "${lines[0]}" = "1 rules taken, 0 refused" ]
	[ "${lines[1]}" = "1 with data, 0 of them without auditd; 0 with none" ]
	run "$RULES" list "$DIR/rules"
	[ "$status" = 0 ]
	[ "$output" = $'0d7b1e0e-92b4-4d2a-9d3c-1d6a3b7f1c55\thigh\tShell of a web server\tT1505.003' ]
}

@test "a refused rule is named by file, line and column, and the others are taken" {
	sed 's/condition: shell/condition: shel/; s/^id:.*//' "$DIR/rules/shell.yml" \
		>"$DIR/rules/typo.yml"
	run "$RULES" check "$DIR/rules"
	[ "$status" = 1 ]
	[ "${lines[0]}" = "$DIR/rules/typo.yml:10:14: no search is named 'shel' in detection (rule 'Shell of a web server')" ]
	[ "${lines[1]}" = "1 rules taken, 1 refused" ]
}

@test "a rule that nothing feeds is told with what is missing" {
	sed 's/^id:.*//; s/^title:.*/title: Elsewhere/; s/product: linux/product: windows/' \
		"$DIR/rules/shell.yml" >"$DIR/rules/windows.yml"
	sed 's/^id:.*//; s/^title:.*/title: Words/; s/category: process_creation/service: auditd/
		s/ParentImage|endswith: .*/a0: sh/; s/ Image|endswith: .*/ type: EXECVE/' \
		"$DIR/rules/shell.yml" >"$DIR/rules/words.yml"
	sed 's/^title:.*/title: Key/; s/a0: sh/key: www/' "$DIR/rules/words.yml" >"$DIR/rules/key.yml"
	run "$RULES" check "$DIR/rules"
	[ "$status" = 0 ]
	[ "${lines[0]}" = "$DIR/rules/windows.yml: no data source: nothing here has the logsource product windows, category process_creation (rule 'Elsewhere')" ]
	[ "${lines[2]}" = "3 with data, 1 of them without auditd; 1 with none" ]
	run "$RULES" sources "$DIR/rules"
	[[ "$output" == *"DeviceProcessEvents/ProcessCreated as EXECVE (arguments with blanks"*"DeviceLogEvents/AuditRecord"* ]]
}

@test "a folder that is not there and wrong use are refused" {
	run "$RULES" check "$DIR/nowhere"
	[ "$status" = 1 ]
	[[ "$output" == *"$DIR/nowhere: No such file or directory"* ]]
	run "$RULES" check
	[ "$status" = 2 ]
	run "$RULES" nonsense x
	[ "$status" = 2 ]
}

@test "cases pass in each form of events" {
	{
		case_of sigma "$SIGMA"
		case_of row "$ROW"
		case_of both "$SIGMA, $ROW"
		case_of fork "$FORK" ', "expect": "no match"'
		case_of some "$ROW, $FORK" ', "match_count": 1'
		case_of id "$ROW" ', "id": "0D7B1E0E-92b4-4d2a-9d3c-1d6a3b7f1c55"'
	} >"$DIR/cases.jsonl"
	run "$RULES" test "$DIR/cases.jsonl"
	[ "$status" = 0 ]
	[ "$output" = "6 cases: 6 as expected, 0 not" ]
}

@test "a Windows event as JSON is taken as it is" {
	cat >"$DIR/windows.json" <<-'END'
		{"cases": [{
			"rule": "title: t\nlogsource: {category: registry_set, product: windows}\ndetection: {s: {TargetObject|endswith: '\\Run', EventID: 13}, condition: s}",
			"events": [{"Event": {
				"System": {"EventID": {"#text": 13}, "Channel": "Microsoft-Windows-Sysmon/Operational"},
				"EventData": {"Target Object": "HKCU\\Software\\RUN"}}}]}]}
	END
	run "$RULES" test "$DIR/windows.json"
	echo "$output"
	[ "$output" = "1 cases: 1 as expected, 0 not" ]
}

@test "a recorded line of a log is a row with the fields that it names" {
	cat >"$DIR/rules/words.yml" <<-'END'
		title: Words
		logsource: {service: auditd, product: linux}
		detection:
		  s: {type: EXECVE, a0: 'ch"mod'}
		  condition: s
	END
	row='{"Table": "DeviceLogEvents", "ActionType": "AuditRecord", "AuditType": "EXECVE", "LogFields": {"a0": "ch\"mod"}}'
	printf '{"rules": "rules/words.yml", "name": "record", "events": [%s]}\n' "$row" >"$DIR/cases.json"
	run "$RULES" test "$DIR/cases.json"
	[ "$status" = 0 ]
}

@test "each case that is not as expected says why" {
	{
		case_of fork "$FORK"
		case_of row "$ROW" ', "expect": "no match"'
		case_of few "$ROW" ', "match_count": 2'
		case_of word "$ROW" ', "expect": "maybe"'
		case_of none ''
		case_of column '{"Table": "DeviceProcessEvents", "Nope": 1}'
		case_of type '{"Table": "DeviceProcessEvents", "ProcessId": "7"}'
		case_of table '{"Table": "Nope"}'
		case_of list '{"fields": {"a": []}}'
		case_of id "$ROW" ', "id": "0d7b1e0e-92b4-4d2a-9d3c-1d6a3b7f1c56"'
		echo '{"events": []}' '[7]' '{"rule": "title: [", "events": []}'
	} >"$DIR/cases.jsonl"
	run "$RULES" test "$DIR/cases.jsonl"
	[ "$status" = 1 ]
	expected="case 1 'fork': 0 of 1 events match
case 2 'row': 1 of 1 events match
case 3 'few': 1 of 1 events match
case 4 'word': \"expect\" is \"match\" or \"no match\"
case 5 'none': a case needs \"events\", a list that is not empty
case 6 'column': event 0: DeviceProcessEvents has no column 'Nope'
case 7 'type': event 0: column ProcessId has a value of another type
case 8 'table': event 0: there is no table 'Nope'
case 9 'list': event 0: field 'a' is a list or object; a value is text, a number, true, false or null
case 10 'id': no rule has the id 0d7b1e0e-92b4-4d2a-9d3c-1d6a3b7f1c56
case 11: a case needs \"rule\", a rule's text, or \"rules\", a path
case 12: a case is a JSON object
case 13: $DIR/cases.jsonl:2:1: not YAML: did not find expected node content, while parsing a flow node"
	echo "$output"
	[ "$(sed "s,^$DIR/cases.jsonl: ,," <<<"$output")" = "$expected
13 cases: 0 as expected, 13 not" ]
}

@test "a file that is not JSON, or holds no case, is refused" {
	echo '{"rule": ' >"$DIR/bad.json"
	run "$RULES" test "$DIR/bad.json"
	[ "$status" = 1 ]
	[[ "$output" == *"$DIR/bad.json: line "* ]]
	: >"$DIR/empty.json"
	run "$RULES" test "$DIR/empty.json"
	[ "$status" = 1 ]
	[[ "$output" == *"$DIR/empty.json: no cases"* ]]
}

@test "correlations are run over the events of a case, in their time" {
	cat >"$DIR/rules/many.yml" <<-'END'
		title: Many shells
		id: 0d7b1e0e-92b4-4d2a-9d3c-1d6a3b7f1c56
		correlation:
		  type: event_count
		  rules: [0d7b1e0e-92b4-4d2a-9d3c-1d6a3b7f1c55]
		  group-by: [ProcessId]
		  timespan: 10s
		  condition: {gte: 3}
	END
	MANY=', "id": "0d7b1e0e-92b4-4d2a-9d3c-1d6a3b7f1c56"'
	LATER=${SIGMA/\{/\{\"time\": 3600, }
	{
		case_of three "$SIGMA, $SIGMA, $SIGMA" "$MANY"
		case_of rows "$ROW, $ROW, $ROW" "$MANY"
		case_of twice "$SIGMA, $SIGMA, $SIGMA, $SIGMA, $SIGMA, $SIGMA" "$MANY, \"match_count\": 2"
		case_of two "$SIGMA, $SIGMA" "$MANY, \"expect\": \"no match\""
		case_of apart "$SIGMA, $SIGMA, $LATER" "$MANY, \"expect\": \"no match\""
	} >"$DIR/cases.json"
	run "$RULES" test "$DIR/cases.json"
	[ "$output" = "5 cases: 5 as expected, 0 not" ]
	[ "$status" = 0 ]
	case_of wrong "$SIGMA, $SIGMA" "$MANY" >"$DIR/cases.json"
	run "$RULES" test "$DIR/cases.json"
	[ "$status" = 1 ]
	[[ "${lines[0]}" == *"case 1 'wrong': it became true 0 times" ]]
}

@test "a correlation whose rule is not there is refused where it names it" {
	cat >"$DIR/rules/many.yml" <<-'END'
		title: Many
		correlation:
		  type: event_count
		  rules: [nobody]
		  timespan: 10s
		  condition: {gte: 3}
	END
	run "$RULES" check "$DIR/rules"
	[ "$status" = 1 ]
	[ "${lines[0]}" = "$DIR/rules/many.yml:4:11: 'nobody' is neither name nor id of a rule (rule 'Many')" ]
	[ "${lines[1]}" = "1 rules taken, 1 refused" ]
}
