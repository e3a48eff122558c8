# SPDX-License-Identifier: MIT
#
# Builds with the classic builder, BuildKit and Podman (podman build --format docker).
#
#   docker build -t mailserver:local .                      compiles, runs the tests, makes the image
#   docker build -t mailserver:local --build-arg CHECK=0 .  leaves the tests out
#
# What changes least comes first: a change of the sources does not install packages again.

# --- lists: what the service folders ask for -------------------------------------------------------
# packages: names of Debian packages. Templates, Python modules, programs (files with the x bit) and PAM services go to
# their places in the image.
FROM debian:13-slim AS lists
COPY target/users /users
COPY target/services/ /services/
RUN set -eu; \
    cd /services; \
    mkdir -p /out/packages /out/files; \
    sed 's/#.*//' */packages | tr -s '[:blank:]' '\n' | sed '/^$/d' | sort -u > /out/packages/list; \
    for file in */*; do \
        [ -f "$file" ] || continue; \
        case $file in \
            *.c|*.h|*.def|*/packages) continue ;; \
            */pam) place=etc/pam.d/${file%/pam} mode=0644 ;; \
            *.py) place=usr/local/lib/mailserver/${file##*/} mode=0644 ;; \
            *) place=usr/share/mailserver/$file mode=0644 ;; \
        esac; \
        [ ! -x "$file" ] || { place=usr/local/bin/${file##*/} mode=0755; }; \
        install -D -m "$mode" "$file" "/out/files/$place"; \
    done; \
    ln -s supervisord /out/files/usr/local/bin/supervisorctl

# --- rules: which of SpamAssassin's rules may match a line of text ----------------------------------
# Hyperscan's databases of them, and what asks them (target/services/spamassassin/filter). They are made here, because that takes
# a compiler and a minute. A rule that an update or an administrator changes later is noticed and interpreted.
FROM debian:13-slim AS rules
RUN set -eu; \
    apt-get update; \
    DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends \
        g++ libc6-dev libmail-dkim-perl libperl-dev libvectorscan-dev spamassassin; \
    rm -rf /var/lib/apt/lists/*
COPY target/services/spamassassin/plugins.pre /rules/
COPY target/services/spamassassin/filter /filter
RUN sed -i /BodyFilter/d /rules/plugins.pre && /filter/build.sh /rules /out

# --- builder: the binary, and its tests with this release's compiler and sanitizers ---------------
FROM debian:13-slim AS builder
RUN set -eu; \
    apt-get update; \
    DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends \
        gcc libc6-dev libcdb-dev libcmocka-dev libcrypt-dev libidn2-0 libjansson-dev liblmdb-dev libpcre2-dev libsqlite3-dev libssl-dev make; \
    rm -rf /var/lib/apt/lists/*
WORKDIR /src
COPY . .
RUN make -j"$(nproc)" WERROR=1 all
RUN target/services/dovecot/sieve-plugins/build.sh /out
ARG CHECK=1
RUN if [ "$CHECK" = 1 ]; then make -j"$(nproc)" WERROR=1 check; else echo "make check left out"; fi

# --- runtime ----------------------------------------------------------------------------------------
FROM debian:13-slim
COPY --from=lists /users /usr/share/mailserver/users
RUN set -eu; \
    printf 'path-exclude=/usr/share/%s/*\n' doc man info locale lintian bug help > /etc/dpkg/dpkg.cfg.d/mailserver; \
    printf '%s\n' 'path-exclude=/usr/lib/*/perl/*/CORE/*.h' 'path-include=/usr/share/doc/*/copyright' \
        >> /etc/dpkg/dpkg.cfg.d/mailserver; \
    sed 's/#.*//' /usr/share/mailserver/users | while read -r name id home; do \
        [ -n "$name" ] || continue; \
        groupadd -g "$id" "$name"; \
        [ "$home" = - ] || useradd -K UID_MIN=100 -u "$id" -g "$id" -d "$home" -M -s /usr/sbin/nologin "$name"; \
    done

# Daemons from the service folders, what the binary is linked with, and the tools that administrators expect.
# systemd-standalone-sysusers stands in for systemd, which cron's package would otherwise bring along.
# libidn2 comes with curl. libnet-ssleay-perl gives swaks TLS. A key that a package made would be the same in every container: it goes.
# Jobs and rotations that packages bring go too: the services' own crontab and logrotate.conf have what is needed.
# No program in the image has to become root.
COPY --from=lists /out/packages/ /usr/share/mailserver/packages/
RUN set -eu; \
    printf '#!/bin/sh\nexit 101\n' > /usr/sbin/policy-rc.d; \
    chmod 0755 /usr/sbin/policy-rc.d; \
    apt-get update; \
    DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends \
        libcdb1 libcrypt1 libjansson4 liblmdb0 libpcre2-8-0 libsqlite3-0 libssl3t64 \
        bash bind9-dnsutils ca-certificates curl iproute2 less libnet-ssleay-perl netcat-openbsd openssl procps \
        swaks systemd-standalone-sysusers tzdata \
        $(cat /usr/share/mailserver/packages/list); \
    apt-get clean; \
    rm -f /usr/sbin/policy-rc.d /etc/ssl/private/ssl-cert-snakeoil.key /etc/ssl/certs/ssl-cert-snakeoil.pem; \
    rm -rf /etc/cron.daily/* /etc/cron.weekly/* /etc/logrotate.d/* /var/lib/apt/lists/* /var/cache/debconf/*-old \
        /var/lib/dpkg/*-old /var/cache/ldconfig/aux-cache /var/log/* /tmp/* /usr/share/mailserver/packages; \
    find / -xdev -type f -perm -4000 -exec chmod u-s {} +

COPY --from=rules /out/ /usr/local/lib/site_perl/

# supervisord runs with -OO: started once here, it leaves the compiled form of what it imports, which it could not
# do on a read-only root.
COPY --from=lists /out/files/ /
RUN supervisord --version; supervisorctl status || [ $? = 4 ]
COPY --from=builder /src/build/mailserver /usr/local/bin/mailserver
# All plugins of Sieve stand in one directory; the links are for those that have nothing of ours.
COPY --from=builder /out/ /usr/local/lib/mailserver/sieve/
RUN for plugin in /usr/lib/dovecot/modules/sieve/*.so; do \
        [ -e "/usr/local/lib/mailserver/sieve/${plugin##*/}" ] || ln -s "$plugin" /usr/local/lib/mailserver/sieve/; \
    done
# Sieve scripts are compiled here: at run time nobody could write the result.
RUN for script in /usr/share/mailserver/dovecot/*.sieve; do \
        sievec -c /usr/share/mailserver/dovecot/sievec.conf -x '+editheader +vnd.dovecot.environment' "$script" || exit 1; \
    done
# Makes the links into /run and the state volume, the names of the applets, and keeps pristine package files.
RUN ["/usr/local/bin/mailserver", "image-setup"]
# An interactive shell completes the words of setup.
RUN setup completion bash > /usr/share/mailserver/setup.bash && \
    echo '[ ! -r /usr/share/mailserver/setup.bash ] || . /usr/share/mailserver/setup.bash' >> /etc/bash.bashrc

ENV LANG=C.UTF-8
EXPOSE 25 465 587 143 993 110 995 4190
VOLUME /var/mail /var/mail-state /var/log/mail
STOPSIGNAL SIGTERM
HEALTHCHECK --start-period=10s --interval=30s --timeout=10s --retries=3 CMD ["mailserver", "healthcheck"]
CMD ["mailserver", "init"]

# The title is what the setup.sh of existing docker-mailserver installations finds its container by.
ARG VERSION=local
ARG REVISION=unknown
LABEL org.opencontainers.image.title="docker-mailserver" \
      org.opencontainers.image.description="A complete mail server in one image: Postfix, Dovecot and companions" \
      org.opencontainers.image.vendor="The mailserver authors" \
      org.opencontainers.image.authors="The mailserver authors" \
      org.opencontainers.image.licenses="MIT" \
      org.opencontainers.image.base.name="debian:13-slim" \
      org.opencontainers.image.version="$VERSION" \
      org.opencontainers.image.revision="$REVISION"
