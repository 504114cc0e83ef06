#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# prepare.sh - the folders that the services share, made as root before each of them starts
#
# usage: prepare.sh RUN STATE. The uplink speaks to the network and is not root: it may read and
# delete what the sensor spooled, and write to no other folder that root writes to.
set -eu
run=$1 state=$2

install -d -m 0755 "$state/vakt"
install -d -m 0700 "$state/vakt-cloud" "$state/vakt-store"
install -d -m 2770 -g vakt-uplink "$state/vakt/spool"
# Sticky: each of the two owns its socket and cannot take the other's.
install -d -m 1775 -g vakt-uplink "$run/vakt"
install -d -m 0755 "$run/vakt-store"
# Only root may read the firmware's id, and the uplink knows a copied identity by it.
if [ -r /sys/class/dmi/id/product_uuid ]; then
	install -m 0640 -g vakt-uplink /sys/class/dmi/id/product_uuid "$run/vakt/product-uuid"
fi
