/* Packages as psg_package_open sees them. */
#ifndef PACKAGE_FIXTURE_H
#define PACKAGE_FIXTURE_H

#include "metadata_fixture.h"

#define TYPES(members, name) "<types>" members "<name>" name "</name></types>\n"
#define MEMBER(name) "<members>" name "</members>"

/* Opens the fixture's directory; its problems are replaced and sorted. Fails unless the package reads so, one a line:
 * the version where there is one, `+Type/Name=path` for what is to be deployed, ` Type/Name=path` for what is not, and
 * `-Type/Name=file:line:column` for what is to be deleted, with `after ` before the file where it is. */
void package_expect(struct fixture_package *fixture, const char *expected);
/* And these are its problems, as fixture_describe has them without the remedies, one a line. */
void package_expect_problems(const struct fixture_package *fixture, const char *expected);

#endif
