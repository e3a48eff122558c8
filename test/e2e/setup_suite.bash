# SPDX-License-Identifier: MIT
# Runs once for each call of bats: the image must be there, the tools image is built when it is not.

# shellcheck source=test/e2e/lib/e2e.bash
source "${BASH_SOURCE[0]%/*}/lib/e2e.bash"

setup_suite() {
	e2e_require_image
	e2e_build_tools
}
