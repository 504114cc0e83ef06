#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# prepare.sh - the folders of the services, made as root before each of them starts
#
# usage: prepare.sh RUN STATE [SERVICE]. The uplink speaks to the network and is not root: it may
# read and delete what the sensor spooled, and write to no other folder that root writes to. The
# control plane and the store own nothing but their folder of state; only they may ask each other.
set -eu
umask 022
run=$1 state=$2

# A folder that was root's, of an installation in which the service was root, goes over to its user
# with all that is in it. The folder itself comes last: what is interrupted begins again, and what
# has gone over is not searched any more, where links of the user's own making might lie.
own() {
	[ -d "$state/$1" ] || install -d -m 0700 -o "$1" -g "$1" "$state/$1"
	[ "$(stat -c %U "$state/$1/.")" = root ] || return 0
	find "$state/$1/." -xdev -mindepth 1 -exec chown -h "$1:$1" {} +
	chown "$1:$1" "$state/$1/."
	chmod 0700 "$state/$1/."
}

install -d -m 0755 "$state/vakt"
install -d -m 2770 -g vakt-uplink "$state/vakt/spool"
# Sticky: each of the two owns its socket and cannot take the other's.
install -d -m 1775 -g vakt-uplink "$run/vakt"
# Set-group-id: the store's socket is open to vakt-cloud's group, and to nobody else.
install -d -m 2750 -o vakt-store -g vakt-cloud "$run/vakt-store"
# Only before its own start: whoever ran before as root has ended by then.
case ${3:-} in
vakt-cloud | vakt-store) own "$3" ;;
esac
# Only root may read the firmware's id, and the uplink knows a copied identity by it.
if [ -r /sys/class/dmi/id/product_uuid ]; then
	install -m 0640 -g vakt-uplink /sys/class/dmi/id/product_uuid "$run/vakt/product-uuid"
fi
