#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# vaktctl.bats - the operator's command line as far as it needs no control plane

setup() {
	HOME=$(mktemp -d)
	export HOME
	unset XDG_CONFIG_HOME "${!VAKT_@}"
	CTL=$BUILD/src/programs/vaktctl
}

teardown() {
	rm -rf "$HOME"
}

@test "help comes from the table of commands, for all and for one" {
	run "$CTL" help
	[ "$status" = 0 ]
	for name in login hunt tables alerts machines detections completion version help; do
		[[ "$output" == *"  vaktctl $name"* ]]
	done
	run "$CTL" help hunt
	[ "${#lines[@]}" = 2 ]
	run "$CTL"
	[ "$status" = 2 ]
	run "$CTL" hunt --help
	[ "$status" = 0 ]
}

@test "what is mistyped is refused, with what was meant" {
	run "$CTL" hnut
	[ "$status" = 2 ]
	[ "$output" = 'vaktctl: there is no command "hnut"; did you mean "hunt"?' ]
	run "$CTL" hnut 'DeviceInfo | count'
	[ "$output" = 'vaktctl: there is no command "hnut"; did you mean "hunt"?' ]
	run "$CTL" help hnut
	[ "$status" = 2 ]
	[ "$output" = 'vaktctl: there is no command "hnut"; did you mean "hunt"?' ]
	run "$CTL" hunt -q
	[ "$output" = 'vaktctl: there is no option -q; `vaktctl help` lists what there is' ]
	run "$CTL" hunt -f
	[ "$output" = 'vaktctl: -f needs a value' ]
	run "$CTL" completion
	[ "$status" = 2 ]
	[ "$output" = 'vaktctl: `vaktctl completion` needs bash' ]
	run "$CTL" hunt --explian ast
	[ "$status" = 2 ]
	[ "$output" = 'vaktctl: there is no option --explian; did you mean --explain?' ]
	run "$CTL" hunt --file
	[ "$status" = 2 ]
	[ "$output" = 'vaktctl: --file needs a value' ]
	run "$CTL" alerts --explain ast
	[ "$status" = 2 ]
	[ "$output" = 'vaktctl: `vaktctl alerts` does not take --explain' ]
	run "$CTL" hunt print 1
	[ "$status" = 2 ]
	[ "$output" = 'vaktctl: `vaktctl hunt` takes one word; quote what has blanks' ]
	run "$CTL" detections enabel 1
	[ "$status" = 1 ]
	[ "$output" = 'vaktctl: detections knows list, show, enable, disable and run, not "enabel"; did you mean "enable"?' ]
	run "$CTL" detections run
	[ "$status" = 1 ]
	[[ "$output" == *"takes a rule's id"* ]]
	run "$CTL" machines --output yaml
	[ "$status" = 2 ]
	[ "$output" = 'vaktctl: --output knows table, json and csv, not "yaml"' ]
	run "$CTL" completion zsh
	[ "$status" = 1 ]
	[ "$output" = 'vaktctl: completion knows bash' ]
}

@test "without a log-in it says what is missing and how to give it" {
	run "$CTL" machines
	[ "$status" = 1 ]
	[ "$output" = "vaktctl: the control plane's address, https://HOST:8443 is not known: use \`vaktctl login\` or set VAKT_SERVER" ]
	VAKT_SERVER=https://localhost:1 VAKT_TENANT=t VAKT_CLIENT_ID=c run "$CTL" machines
	[ "$status" = 1 ]
	[[ "$output" == *"set VAKT_CLIENT_SECRET" ]]
	mkdir -p "$HOME/.config/vakt"
	echo '{"server": }' > "$HOME/.config/vakt/ctl.json"
	run "$CTL" machines
	[ "$status" = 1 ]
	[[ "$output" == *"ctl.json:1:12: "* ]]
}

@test "a control plane that is not there is named" {
	VAKT_SERVER=https://localhost:1 VAKT_TENANT=t VAKT_CLIENT_ID=c VAKT_CLIENT_SECRET=s run "$CTL" machines
	[ "$status" = 1 ]
	[[ "$output" == "vaktctl: https://localhost:1: "* ]]
}

@test "bash completes commands, options and their values" {
	source <("$CTL" completion bash)
	complete_words() { # WORD...
		COMP_WORDS=("$@") COMP_CWORD=$(($# - 1))
		_vaktctl
		echo "${COMPREPLY[*]}"
	}
	[ "$(complete_words vaktctl h)" = "hunt help" ]
	[ "$(complete_words vaktctl hunt --e)" = "--explain" ]
	[ "$(complete_words vaktctl hunt --explain b)" = "bound" ]
	[ "$(complete_words vaktctl alerts --output '')" = "table json csv" ]
	[ "$(complete_words vaktctl machines --e)" = "" ]
}
