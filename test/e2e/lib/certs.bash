# SPDX-License-Identifier: MIT
#
# certs.bash - certificates for tests, made by the tools container; loaded after e2e.bash
#
# Paths are those of the tools container: /config/NAME is $(config NAME) on the host.

# The authority of the lab: /config/ca/root.pem, and middle.pem, which signs.
ca_start() {
	config ca >/dev/null
	tools sh -ec 'cd /config/ca
		openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 3650 -subj "/CN=Lab Root" \
			-keyout root.key -out root.pem
		openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj "/CN=Lab Middle" -keyout middle.key -out middle.csr
		printf "basicConstraints=critical,CA:TRUE\nsubjectKeyIdentifier=hash\n" >ca.ext
		openssl x509 -req -in middle.csr -CA root.pem -CAkey root.key -days 3000 -extfile ca.ext -out middle.pem' 2>/dev/null
}

# cert_make DIR NAME [DAYS [openssl req options…]]: DIR/fullchain.pem (leaf, Lab Middle, Lab Root) and DIR/privkey.pem,
# for NAME (and SAN alone if it begins with "*."). It ends an hour short of DAYS, so that no second decides what is said.
cert_make() {
	local dir=$1 name=$2 days=${3:-90}
	shift "$(($# < 3 ? $# : 3))"
	[ $# -gt 0 ] || set -- -newkey ec -pkeyopt ec_paramgen_curve:P-256
	tools sh -ec 'dir=$1 name=$2 days=$3; shift 3
		mkdir -p "$dir"; cd "$dir"
		openssl req "$@" -nodes -subj "/CN=$name" -addext "subjectAltName=DNS:$name" -keyout .key.new -out .csr
		openssl x509 -req -in .csr -CA /config/ca/middle.pem -CAkey /config/ca/middle.key -copy_extensions copy \
			-not_before "$(date -u -d "-30 days" +%Y%m%d%H%M%SZ)" -not_after "$(date -u -d "$days days 1 hour ago" +%Y%m%d%H%M%SZ)" -out .leaf
		cat .leaf /config/ca/middle.pem /config/ca/root.pem >.chain.new
		mv .key.new privkey.pem; mv .chain.new fullchain.pem; rm -f .csr .leaf' sh "$dir" "$name" "$days" "$@" 2>/dev/null
}

# SHA-256 of the first certificate of a file.
fingerprint() { tools sh -c 'openssl x509 -in "$1" -outform DER | sha256sum' sh "$1" | cut -d' ' -f1; }

# SHA-256 of the public key, as a TLSA record 3 1 1 has it.
fingerprint_of_key() {
	tools sh -c 'openssl pkey -in "$1" -pubout -outform DER | sha256sum' sh "$1" | cut -d' ' -f1
}

tls_client() { tools python3 - "$@" <"$E2E_DIR/lib/tls.py"; }

# served NAME PORT [SNI]: what a port serves, asked with openssl s_client.
served() {
	local starttls
	case $2 in
	25 | 587) starttls=smtp ;;
	143) starttls=imap ;;
	110) starttls=pop3 ;;
	4190) starttls=sieve ;;
	esac
	set -- "$1" "$2" "${3:+-servername}" "${3:--noservername}"
	tools timeout 10 sh -c 'openssl s_client -connect "$1:$2" ${3:+-starttls "$3"} $4 $5 </dev/null 2>/dev/null |
		openssl x509 -outform DER | sha256sum' sh "$(address "$1")" "$2" "${starttls:-}" "$3" "$4" |
		cut -d' ' -f1
}

serves() { [ "$(served "$1" "$2" "${4:-}")" = "$3" ]; }

TLS_PORTS='25 465 587 143 993 110 995 4190'
export TLS_PORTS

# acme_json RESOLVER MAIN DIR…: prints an acme.json of version 2 (of version 1 for the resolver "-").
acme_json() {
	tools python3 - "$@" <<'PY'
import base64, json, sys
args, out = sys.argv[1:], {}
def read(path):
    return base64.b64encode(open(path, "rb").read()).decode()
for resolver, main, folder in zip(args[::3], args[1::3], args[2::3]):
    cert, key = read(folder + "/fullchain.pem"), read(folder + "/privkey.pem")
    if resolver == "-":
        out["Certificates"] = [{"Domain": {"Main": main, "SANs": None}, "Certificate": cert, "Key": key}]
    else:
        entry = {"domain": {"main": main}, "certificate": cert, "key": key, "Store": "default"}
        out.setdefault(resolver, {"Account": {"Email": "a@example.test"}, "Certificates": []})["Certificates"].append(entry)
json.dump(out, sys.stdout)
PY
}
