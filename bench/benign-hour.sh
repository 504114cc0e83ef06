#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# benign-hour.sh - what servers do all day, none of which may alert
#
# usage: benign-hour.sh FOLDER [ROUNDS]
#
# Packages are installed, upgraded and removed, programs built, a web server and databases served under
# load, backups made, logs rotated, settings rolled out by Ansible, monitoring asks its questions, the
# nightly jobs run. All of it is the real program, in a mount namespace whose root is a layer over this
# machine's that goes away with it; servers listen on loopback. What a layer lacks is installed into it by
# apt-get, which is part of the load, so it needs root and a package mirror.
#
# It makes FOLDER/ready when the layer stands, begins when FOLDER/go is there, writes FOLDER/done at its
# end. Whoever watches wants to see the work, not how the layer was made. A step that fails ends it.
set -euo pipefail
export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C.UTF-8
export DEBIAN_FRONTEND=noninteractive PYTHONDONTWRITEBYTECODE=

FOLDER=$(realpath "$1")
ROUNDS=${2:-1}
STEP=start

if [ "${3:-}" != inside ]; then
	exec unshare --mount --fork --kill-child "$(realpath "$0")" "$FOLDER" "$ROUNDS" inside
fi

layer() {
	local base=/mnt

	mount --make-rprivate /
	mount -t tmpfs -o size=3g layer $base
	mkdir $base/{upper,work,root}
	mount -t overlay -o "lowerdir=/,upperdir=$base/upper,workdir=$base/work" layer $base/root
	for place in proc sys dev run tmp "$FOLDER"; do
		mkdir -p "$base/root/$place"
		mount --rbind "/$place" "$base/root/$place" 2>/dev/null || mount --bind "/$place" "$base/root/$place"
	done
	mount -t tmpfs run $base/root/run
	mkdir -p $base/root/run/{lock,postgresql}
	cd $base/root
	mkdir -p old
	pivot_root . old
	umount -l old
	cd /
}

step() {
	STEP=$1
	echo "$(date +%T) $STEP" >>"$FOLDER/steps"
}

packages() {
	step packages
	apt-get -q update
	apt-get -qy install --no-install-recommends logrotate rsync cron nginx-light ansible-core postgresql
	apt-get -qy install --reinstall less
	apt-get -qy install --no-install-recommends hello cowsay
	apt-get -qy purge hello cowsay
	apt-get -qy autoremove
	apt-get -qs upgrade
	apt list --upgradable
	dpkg -l
}

# A package of somebody's own, with the scripts that such packages have.
own_package() { # VERSION
	local root=/srv/package/app_$1

	step "own package $1"
	mkdir -p "$root"/{DEBIAN,usr/bin,etc/benign-app,lib/systemd/system}
	printf '#!/bin/sh\necho %s\n' "$1" >"$root/usr/bin/benign-app"
	printf 'version=%s\n' "$1" >"$root/etc/benign-app/app.conf"
	printf '[Service]\nExecStart=/usr/bin/benign-app\n' >"$root/lib/systemd/system/benign-app.service"
	printf 'Package: benign-app\nVersion: %s\nArchitecture: all\nMaintainer: nobody <n@example.org>\nDescription: app\n' \
		"$1" >"$root/DEBIAN/control"
	echo /etc/benign-app/app.conf >"$root/DEBIAN/conffiles"
	cat >"$root/DEBIAN/postinst" <<-'END'
		#!/bin/sh
		set -e
		if [ "$1" = configure ]; then
			getent passwd benign-app >/dev/null || useradd --system --home-dir /var/lib/benign-app --shell /usr/sbin/nologin benign-app
			install -d -o benign-app -m 750 /var/lib/benign-app
			chmod 640 /etc/benign-app/app.conf
		fi
	END
	chmod 755 "$root/usr/bin/benign-app" "$root/DEBIAN/postinst"
	dpkg-deb --root-owner-group --build "$root" "/srv/package/app_$1.deb"
	dpkg -i "/srv/package/app_$1.deb"
	benign-app
}

build() {
	step build
	mkdir -p /srv/build/src
	cd /srv/build
	for i in 1 2 3 4; do
		printf '#include <stdio.h>\nint f%d(int x) { return printf("%%d\\n", x); }\n' "$i" >"src/f$i.c"
	done
	printf 'int f1(int);\nint main(void) { return f1(1) < 0; }\n' >src/main.c
	printf 'OBJ := $(patsubst %%.c,%%.o,$(wildcard src/*.c))\nprogram: $(OBJ)\n\t$(CC) -o $@ $^\n%%.o: %%.c\n\t$(CC) -O2 -c -o $@ $<\ninstall: program\n\tinstall -m 755 program /usr/local/bin/benign-program\nclean:\n\trm -f $(OBJ) program\n' >Makefile
	make clean
	make -j2
	make install
	/usr/local/bin/benign-program
	strip program
	git init -q .
	git -c user.name=b -c user.email=b@example.org add .
	git -c user.name=b -c user.email=b@example.org commit -qm "build"
	git log --oneline | head -n 1
	python3 -m compileall -q src
	python3 - <<-'END'
		import json, subprocess
		print(json.dumps(subprocess.run(["uname", "-r"], capture_output=True, text=True).stdout))
	END
	cd /
}

web() {
	step web
	mkdir -p /srv/www /var/log/nginx
	for i in $(seq 20); do head -c 4096 /dev/zero >"/srv/www/page$i"; done
	cat >/etc/nginx/nginx.conf <<-'END'
		user www-data; worker_processes 2; pid /run/nginx.pid; error_log /var/log/nginx/error.log;
		events { worker_connections 256; }
		http { access_log /var/log/nginx/access.log; server { listen 127.0.0.1:8089; root /srv/www; } }
	END
	nginx -t
	nginx
	for i in $(seq 30); do curl -fsS -o /dev/null "http://127.0.0.1:8089/page$((i % 20 + 1))"; done
	python3 - <<-'END'
		import http.client
		c = http.client.HTTPConnection("127.0.0.1", 8089)
		for i in range(500):
		    c.request("GET", f"/page{i % 20 + 1}")
		    c.getresponse().read()
	END
	nginx -s reload
}

database() {
	local data=/var/lib/postgresql/benign bin

	step database
	bin=$(dirname "$(ls /usr/lib/postgresql/*/bin/initdb | tail -n 1)")
	rm -rf $data
	install -d -o postgres -m 700 $data
	chown postgres /run/postgresql
	runuser -u postgres -- "$bin/initdb" -D $data
	runuser -u postgres -- "$bin/pg_ctl" -D $data -w -o "-p 5439 -c listen_addresses=127.0.0.1" -l $data/log start
	runuser -u postgres -- createdb -p 5439 shop
	runuser -u postgres -- "$bin/pgbench" -p 5439 -i -q shop
	runuser -u postgres -- "$bin/pgbench" -p 5439 -c 4 -T 5 shop
	runuser -u postgres -- psql -p 5439 -c 'VACUUM ANALYZE' shop
	python3 - <<-'END'
		import sqlite3
		c = sqlite3.connect("/srv/shop.db")
		c.execute("CREATE TABLE IF NOT EXISTS t (a, b)")
		for i in range(50):
		    with c:
		        c.executemany("INSERT INTO t VALUES (?, ?)", [(i, j) for j in range(100)])
	END
	sqlite3 /srv/shop.db 'SELECT count(*) FROM t'
}

backup() {
	step backup
	mkdir -p /srv/backup/daily
	runuser -u postgres -- pg_dump -p 5439 shop | gzip >"/srv/backup/daily/shop-$(date +%F).sql.gz"
	sqlite3 /srv/shop.db ".backup /srv/backup/daily/shop.db"
	tar -czf "/srv/backup/daily/etc-$(date +%F).tar.gz" --exclude=/etc/ssl/private /etc 2>/dev/null || [ $? = 1 ]
	tar -czf /srv/backup/daily/www.tar.gz -C /srv www
	rsync -a --delete /srv/www/ /srv/backup/www/
	rsync -a --delete /srv/www/ /srv/backup/www/
	(cd /srv/backup/daily && sha256sum -- *.gz >SHA256SUMS && sha256sum -c --quiet SHA256SUMS)
	gzip -t /srv/backup/daily/www.tar.gz
	touch -d '40 days ago' /srv/backup/daily/old.sql.gz
	find /srv/backup/daily -name '*.sql.gz' -mtime +30 -delete
}

rotation() {
	step rotation
	cat >/etc/logrotate.d/benign <<-'END'
		/var/log/nginx/*.log {
			daily
			rotate 3
			compress
			missingok
			create 0640 www-data adm
			sharedscripts
			postrotate
				[ ! -f /run/nginx.pid ] || kill -USR1 $(cat /run/nginx.pid)
			endscript
		}
	END
	logrotate -f -s /srv/rotation.state /etc/logrotate.d/benign
	echo line >>/var/log/nginx/access.log
	logrotate -f -s /srv/rotation.state /etc/logrotate.d/benign
}

management() {
	step management
	mkdir -p /srv/ansible
	cat >/srv/ansible/site.yml <<-'END'
		- hosts: localhost
		  connection: local
		  tasks:
		    - apt: {name: [less, rsync], state: present}
		    - file: {path: /etc/benign, state: directory, mode: "0755"}
		    - copy: {content: "a = 1\n", dest: /etc/benign/app.conf, mode: "0644"}
		    - template: {src: motd.j2, dest: /etc/motd}
		    - lineinfile: {path: /etc/benign/app.conf, line: "b = 2"}
		    - blockinfile: {path: /etc/hosts, block: "127.0.0.1 app.internal"}
		    - user: {name: deploy, shell: /bin/bash}
		    - cron: {name: report, minute: "5", job: "/usr/bin/true"}
		    - command: uptime
		    - shell: df -h | tail -n +2 | wc -l
		    - get_url: {url: "http://127.0.0.1:8089/page1", dest: /srv/page1, mode: "0644"}
		    - uri: {url: "http://127.0.0.1:8089/page1"}
		    - unarchive: {src: /srv/backup/daily/www.tar.gz, dest: /srv/ansible, remote_src: true}
		    - cron: {name: report, state: absent}
		    - user: {name: deploy, state: absent, remove: true}
	END
	echo "Kept by Ansible on {{ ansible_hostname }}" >/srv/ansible/motd.j2
	HOME=/root ANSIBLE_LOCALHOST_WARNING=false ansible-playbook -i localhost, /srv/ansible/site.yml
}

# What agents of monitoring run every minute, by a shell as they do, or by themselves.
monitoring() {
	step monitoring
	ps -eo pid,comm,pcpu,pmem --sort=-pcpu | head -n 5
	ps aux | wc -l
	df -P
	df -i
	free -m
	uptime
	cat /proc/loadavg /proc/meminfo /proc/stat /proc/net/dev /proc/diskstats
	ss -s
	ss -tln
	ip -br address
	ip -s link
	mount | wc -l
	lsblk
	vmstat 1 2
	nproc
	uname -a
	hostname
	who
	systemctl is-system-running || true
	systemctl list-units --failed || true
	systemctl is-active nginx || true
	getent passwd | wc -l
	pgrep -c nginx
	pidof nginx
	curl -fsS -o /dev/null -w '%{http_code} %{time_total}\n' http://127.0.0.1:8089/page1
	runuser -u postgres -- psql -p 5439 -Atc 'SELECT count(*) FROM pg_stat_activity' shop
	sh -c 'test $(df -P / | tail -n 1 | tr -s " " | cut -d " " -f 5 | tr -d %) -lt 100'
	find /var/log -name '*.log' -size +100M
	tail -n 20 /var/log/dpkg.log | grep -c status || true
	openssl x509 -noout -enddate -in /etc/ssl/certs/ca-certificates.crt
	python3 -c 'import os; print(os.getloadavg(), os.statvfs("/").f_bavail)'
	sysctl -n vm.swappiness fs.file-nr
	date +%s
	id -u
}

nightly() {
	local job

	step nightly
	for job in /etc/cron.daily/*; do
		# These wait for up to hours so that not all machines ask at once.
		case $job in
		*/apt-compat | */popularity-contest) ;;
		*) run-parts --regex "^$(basename "$job")\$" /etc/cron.daily || true ;;
		esac
	done
	updatedb 2>/dev/null || true
	ldconfig
	find /tmp/benign-* -mtime +7 -delete 2>/dev/null || true
}

stop() {
	step stop
	nginx -s quit || true
	runuser -u postgres -- psql -p 5439 -Atc CHECKPOINT shop || true
	runuser -u postgres -- "$(dirname "$(ls /usr/lib/postgresql/*/bin/initdb | tail -n 1)")/pg_ctl" \
		-D /var/lib/postgresql/benign -w stop || true
}

layer >>"$FOLDER/log" 2>&1
echo $$ >"$FOLDER/ready"
while [ ! -e "$FOLDER/go" ]; do sleep 0.2; done
trap 'echo "failed: $STEP" >"$FOLDER/done"; stop >>"$FOLDER/log" 2>&1' EXIT
exec >>"$FOLDER/log" 2>&1 </dev/null
packages
for ((round = 1; round <= ROUNDS; round++)); do
	own_package "$round.0"
	own_package "$round.1"
	build
	web
	database
	backup
	rotation
	management
	for _ in 1 2 3; do monitoring; done
	nightly
	stop
done
dpkg -r benign-app
trap - EXIT
echo ok >"$FOLDER/done"
