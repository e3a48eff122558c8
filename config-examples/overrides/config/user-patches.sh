#!/bin/bash
# SPDX-License-Identifier: MIT
#
# Run at each start, when all files are rendered and nothing is running yet. What it changes is in the log.
sed -i '/^smtpd_banner = /s/$/ ready/' /etc/postfix/main.cf
