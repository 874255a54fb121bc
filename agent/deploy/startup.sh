#!/usr/bin/env bash
# The start-up script of Pulso's VM, a Debian 12 on Compute Engine, which runs it as root at every boot. It brings the
# VM to where README.md beside it says: Docker, the kernel modules, and the services pulso-agent and pulso-workload.
# It changes only what is not so yet, so it can be run again at any time:
#
#	sudo google_metadata_script_runner startup
#
# Its settings are the instance's metadata; nothing in it is filled in from outside.
set -euo pipefail

readonly metadata=http://metadata.google.internal/computeMetadata/v1/instance
readonly modules=(pulso_cpu pulso_ram pulso_procs)
readonly environment=/etc/pulso/env # what both services read
readonly state=/var/lib/pulso       # what a boot leaves for the next one
kernel=$(uname -r)
readonly kernel
scratch=$(mktemp --directory) # nobody else may read it: Docker keeps a registry's token there
readonly scratch
trap 'rm -rf "$scratch"' EXIT
export DOCKER_CONFIG=$scratch DEBIAN_FRONTEND=noninteractive LC_ALL=C

say() { echo "pulso: $*"; }
warn() { echo "pulso: WARNING: $*" >&2; }

fail() { # WHAT CURE
	echo "pulso: ERROR: $1" >&2
	echo "pulso: cure: $2; then run this again: sudo google_metadata_script_runner startup" >&2
	exit 1
}

# retry SECONDS COMMAND ...: until it succeeds or that many seconds have passed, waiting 5 s and then longer, 60 s at
# most.
retry() {
	local deadline=$((SECONDS + $1)) pause=5
	shift
	until "$@"; do
		((SECONDS + pause <= deadline)) || return 1
		say "'$*' did not succeed, again in $pause s"
		sleep "$pause"
		pause=$((pause < 30 ? 2 * pause : 60))
	done
}

## -- the system

# system makes sure of what the package names and the modules' tests are for.
system() {
	local is
	# shellcheck disable=SC1091 # it is the VM's
	is=$(. /etc/os-release && echo "$ID $VERSION_ID $(uname -m)")
	[[ $is == "debian 12 x86_64" ]] || fail "this is '$is', and not 'debian 12 x86_64'" "make the VM from an image of Debian 12"
}

## -- settings

metadata() { # PATH
	curl --silent --show-error --fail --max-time 10 --retry 5 --retry-connrefused \
		--header 'Metadata-Flavor: Google' "$metadata/$1"
}

attribute() { # NAME: its value, or nothing where the instance has none
	grep --quiet --line-regexp --fixed-strings "$1" <<<"$attributes" || return 0
	metadata "attributes/$1"
}

# machine_type is such as e2-standard-4, the end of the path that the metadata server answers; nothing where it has none.
machine_type() {
	local path type
	path=$(metadata machine-type) || path=
	type=${path##*/}
	[[ $type =~ ^[a-z0-9-]{1,64}$ ]] || { warn "the metadata server says no machine type: '$path'" && return; }
	echo "$type"
}

# settings reads and checks the metadata, and names all faults together.
settings() {
	local faults=() line
	if ! { attributes=$(metadata attributes/) && host=$(metadata name) && variables=$(attribute pulso-env) &&
		agent=$(attribute pulso-agent-image) && workload=$(attribute pulso-workload-image); }; then
		fail "the metadata server does not answer" "use a VM on Compute Engine"
	fi
	image_name "$agent" || faults+=("pulso-agent-image is '$agent', which names no image")
	image_name "$workload" || faults+=("pulso-workload-image is '$workload', which names no image")
	while IFS= read -r line; do
		case $line in
		PULSO_PROCFS=* | PULSO_HOST=* | PULSO_MACHINE=* | PULSO_LISTEN=*) faults+=("pulso-env has '$line', which is set here") ;;
		*) [[ $line =~ ^(PULSO_[A-Z0-9_]+=[[:print:]]+)?$ ]] || faults+=("pulso-env has '$line', which is not PULSO_NAME=value") ;;
		esac
	done <<<"$variables"
	((${#faults[@]} == 0)) || fail "$(printf '%s; ' "${faults[@]}")" "correct the instance's metadata"
	machine=$(machine_type)
}

image_name() { [[ $1 =~ ^[a-z0-9][a-z0-9.-]*(:[0-9]+)?(/[a-z0-9._-]+)+(:[A-Za-z0-9._-]+)?(@sha256:[0-9a-f]{64})?$ ]]; }

## -- packages

# ensure PACKAGE ...: installs those that are missing.
ensure() {
	local missing=() package
	for package; do
		installed "$package" || missing+=("$package")
	done
	((${#missing[@]})) || return 0
	say "installing ${missing[*]}"
	retry 300 apt_install "${missing[@]}"
}

installed() { [[ $(dpkg-query --show --showformat '${db:Status-Status}' "$1" 2>/dev/null) == installed ]]; }

# An earlier run may have been cut off in the middle, and at a boot something else may hold the lock.
apt_install() {
	dpkg --configure -a || true # what it leaves --fix-broken repairs
	apt_get update || return
	apt_get install "$@" || { apt_get --fix-broken install && apt_get install "$@"; }
}

apt_get() {
	apt-get --quiet=2 --yes --no-install-recommends --option DPkg::Lock::Timeout=300 --option Dpkg::Use-Pty=0 "$@"
}

# headers installs what DKMS builds with: the running kernel's headers, and the metapackage, which brings those of every
# kernel that an update brings.
headers() {
	ensure dkms linux-headers-cloud-amd64 || return
	if installed "linux-headers-$kernel" || apt-cache show "linux-headers-$kernel" >/dev/null 2>&1; then
		ensure "linux-headers-$kernel"
	else
		newest_kernel
	fi
}

# newest_kernel is for a VM from an image that is some months old, whose kernel's headers Debian no longer has. It boots
# into the newest kernel, once.
newest_kernel() {
	local left=$state/left-$kernel
	[[ ! -e $left ]] || return
	say "there are no headers for $kernel any more: rebooting into the newest kernel"
	retry 300 apt_install linux-image-cloud-amd64 || return
	mkdir -p "$state" && touch "$left" && systemctl reboot && exit
}

## -- images

# pull IMAGE SECONDS: waits that long for an image that is not in the registry yet.
pull() {
	say "pulling $1"
	retry "$2" pull_once "$1"
}

pull_once() { login "${1%%/*}" && timeout 900 docker pull --quiet "$1" >/dev/null; }

# login REGISTRY: Artifact Registry knows the VM by a token of its service account, which lives for an hour at most.
login() {
	local token answer
	[[ $1 == *-docker.pkg.dev ]] || return 0
	token=$(metadata service-accounts/default/token | sed -n 's/.*"access_token" *: *"\([^"]*\)".*/\1/p') || token=
	if [[ -z $token ]]; then
		warn "the VM has no service account that $1 could know it by"
		return 1
	fi
	answer=$(timeout 60 docker login --username oauth2accesstoken --password-stdin "$1" 2>&1 <<<"$token") && return
	warn "$1 refused the VM's service account: $answer"
	return 1
}

# images pulls both. At the first boot nobody may have built them yet; later those that are here will do.
images() {
	local image
	for image in "$agent" "$workload"; do
		if [[ $(id "$image") ]]; then
			pull "$image" 30 || warn "$image could not be pulled; going on with the one that is here"
		else
			pull "$image" 10800 || fail "$image could not be pulled for three hours" \
				"push it, and see that the VM's service account has the role roles/artifactregistry.reader"
		fi
	done
}

id() { docker image inspect --format '{{.Id}}' "$1" 2>/dev/null || true; } # IMAGE: nothing where it is not here

## -- modules

# build_modules has DKMS build and install the modules of the agent's image, and reloads them where they are new. Their
# version ends in the checksum of the sources, so that nobody has to remember to raise a number.
build_modules() {
	local sources=$scratch/pulso version old
	take_sources "$sources" || return
	version=$(sed -n 's/^PACKAGE_VERSION="\(.*\)"$/\1/p' "$sources/dkms.conf")-$(checksum_tree "$sources")
	for old in $(status | sed -n 's|^pulso/\([^,:]*\)[,:].*|\1|p' | sort --unique); do
		[[ $old == "$version" ]] && continue
		say "removing the modules $old"
		dkms remove -m pulso -v "$old" --all && rm -rf "/usr/src/pulso-$old" || return
	done
	[[ $(status -v "$version" -k "$kernel") == *": installed"* ]] && return

	say "building the modules $version for $kernel"
	if [[ ! -e /usr/src/pulso-$version ]]; then
		sed -i "s/^PACKAGE_VERSION=.*/PACKAGE_VERSION=\"$version\"/" "$sources/dkms.conf" &&
			mv "$sources" "/usr/src/pulso-$version" || return
	fi
	if ! dkms install -m pulso -v "$version" -k "$kernel"; then
		tail -n 20 "/var/lib/dkms/pulso/$version/build/make.log" >&2 || true
		return 1
	fi
	modprobe --remove "${modules[@]}" || warn "the modules that were loaded stay until the next boot"
}

# DKMS looks into modules with readelf, which complains of what they lack.
status() { dkms status -m pulso "$@" 2>/dev/null; }

take_sources() { # FOLDER
	local container copied=
	container=$(docker create "$(id "$agent")") || return
	docker cp "$container:/usr/src/pulso" "$1" && copied=yes
	docker rm "$container" >/dev/null
	[[ $copied ]]
}

checksum() { sha256sum | cut -c1-12; }

checksum_tree() { (cd "$1" && find . -type f -print0 | sort --zero-terminated | xargs -0 sha256sum) | checksum; }

# load_modules loads them, now and at every boot.
load_modules() {
	local error
	printf '%s\n' "${modules[@]}" >/etc/modules-load.d/pulso.conf
	error=$(modprobe --all "${modules[@]}" 2>&1) && return
	warn "the modules could not be loaded: $error"
	case $error in
	*"Key was rejected"* | *"Required key"* | *"not permitted"*)
		warn "the kernel takes no module whose key it does not know, as with Secure Boot: turn Secure Boot off, or enroll the key as agent/deploy/README.md says"
		;;
	esac
	return 1
}

## -- services

services() {
	local most
	mkdir -p "${environment%/*}"
	printf '%s\n' "PULSO_HOST=$host" "$variables" >"$environment"
	# On a large VM Go takes a thread for each CPU. A workload that asks for too much must not take the agent's memory: it
	# has three quarters, in steps of 128 MiB, because each kernel calls a little less than all of it the total.
	most=$(awk '/^MemTotal:/ { print int($2 * 3 / 4 / 1024 / 128) * 128 "m" }' /proc/meminfo)
	service agent "$agent" --publish 8080:8080 --memory 128m --pids-limit 512 \
		--volume /proc:/host/proc:ro --env PULSO_PROCFS=/host/proc --env "PULSO_MACHINE=$machine"
	service workload "$workload" --publish 8082:8082 --memory "$most" --pids-limit 8192
	docker image prune --force >/dev/null || warn "the images whose names newer ones have could not be removed"
}

# service NAME IMAGE OPTION ...: a container that systemd keeps running, and restarts when its unit is another.
service() {
	local name=pulso-$1 image options="${*:3}" file=/etc/systemd/system/pulso-$1.service
	image=$(id "$2")
	if [[ -e $file && $(unit) == "$(<"$file")" ]]; then
		say "$name is as it should be"
		systemctl start "$name"
		return
	fi
	say "starting $name"
	unit >"$file"
	systemctl daemon-reload
	systemctl --quiet enable "$name"
	systemctl restart "$name" || fail "$name does not start" "see journalctl -u $name"
}

# unit prints the unit of the service that its caller has described. The image goes by its id: nothing is pulled at a
# start. What the service logs goes to the journal, which has limits of its own.
unit() {
	cat <<-END
		[Unit]
		Description=$name
		Requires=docker.service
		After=docker.service systemd-modules-load.service

		[Service]
		# $environment: $(checksum <"$environment")
		ExecStartPre=-/usr/bin/docker rm --force $name
		ExecStart=/usr/bin/docker run --rm --name $name --read-only --cap-drop=ALL \\
		  --security-opt=no-new-privileges --log-driver=none --env-file $environment $options $image
		ExecStop=-/usr/bin/docker stop --time 10 $name
		Restart=always
		RestartSec=5

		[Install]
		WantedBy=multi-user.target
	END
}

## -- the end

# check waits until both answer, and says where the agent's numbers come from. Between two samples may be a minute.
check() { # whether the modules are loaded: yes, or nothing
	await 60 ready 8082 || fail "the workload is not ready" "see journalctl -u pulso-workload"
	await 150 ready 8080 || fail "the agent is not ready" "see curl http://127.0.0.1:8080/ready and journalctl -u pulso-agent"
	if [[ $1 ]]; then await 90 reads_modules || true; fi
	say "the agent is ready, fuente: $(fuente)"
	reads_modules || warn "the agent reads procfs and not the modules; the warnings above or journalctl -u pulso-agent say why"
}

await() { # SECONDS COMMAND ...
	local deadline=$((SECONDS + $1))
	until "${@:2}"; do
		((SECONDS < deadline)) || return
		sleep 1
	done
}

ready() { curl --silent --fail --max-time 5 --output /dev/null "http://127.0.0.1:$1/ready"; } # PORT

fuente() { curl --silent --max-time 5 http://127.0.0.1:8080/metrics | sed -n 's/.*"fuente" *: *"\([a-z]*\)".*/\1/p'; }

reads_modules() { [[ $(fuente) == kernel ]]; }

main() {
	local loaded=
	exec 9>/run/pulso-startup.lock # not in /run/lock, where everybody could hold it
	flock 9                        # one at a time
	system
	settings
	ensure docker.io apparmor ca-certificates || fail "Docker could not be installed" "see apt-get's words above"
	systemctl start docker || fail "Docker does not start" "see journalctl -u docker"
	headers || warn "the kernel's headers could not be installed, so modules cannot be built for $kernel"
	images
	build_modules || warn "the modules could not be built for $kernel"
	load_modules && loaded=yes
	services
	check "$loaded"
}

main "$@"
