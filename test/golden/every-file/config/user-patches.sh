#!/bin/bash
postconf -e "smtpd_banner = \$myhostname ESMTP patched"
