# shellcheck shell=bash
# SPDX-License-Identifier: MIT
#
# size.sh - the image: all of it, and its layers; once for each image, with the first subject that uses it

# shellcheck disable=SC2034 # read by run.sh, as are those of the others
readonly size_ROUNDS=1

size_applies() { [ "$1" != floor ] && ! grep -qxF "$(subject_image "$1")" "$LAB_DIR/sizes" 2>/dev/null; }

measure_size() {
	local image
	image=$(subject_image "$1")
	echo "$image" >>"$LAB_DIR/sizes"
	note "$1" size.image "$("$ENGINE" image inspect -f '{{.Size}}' "$image" | awk '{ printf "%.1f", $1 / 1048576 }')"
	# The engine rounds sizes below a MB to kB; layers without files are left out.
	"$ENGINE" history --no-trunc --human=false --format '{{.Size}}	{{.CreatedBy}}' "$image" |
		awk -F'\t' '$1 > 0' >"$LAB_DIR/layers.$(slug "$1")"
}
