# SPDX-License-Identifier: Apache-2.0
# resource-development.sh - what makes machines; read by ../record.sh, which says what the words mean
# shellcheck shell=bash disable=SC2016,SC2088

rule cloud_machine_started
stand_in match aws ec2 run-instances --image-id ami-1
stand_in no_match aws ec2 describe-regions
child no_match terraform aws ec2 run-instances --image-id ami-1
