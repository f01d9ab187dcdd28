/* Preloaded into pamtester and probe: the wall clock is off by as many seconds as /run/psg/tmp/wallclock says, from the moment it
 * says so. Nobody's clock is set. */
#include <dlfcn.h>
#include <stdio.h>
#include <sys/time.h>
#include <time.h>

static long offset(void)
{
	FILE *file = fopen("/run/psg/tmp/wallclock", "re");
	long seconds = 0;

	if (file && fscanf(file, "%ld", &seconds) != 1)
		seconds = 0;
	if (file)
		fclose(file);
	return seconds;
}

int clock_gettime(clockid_t id, struct timespec *out)
{
	static int (*real)(clockid_t, struct timespec *);

	if (!real)
		*(void **)&real = dlsym(RTLD_NEXT, "clock_gettime");
	int ret = real(id, out);

	if (ret == 0 && id == CLOCK_REALTIME)
		out->tv_sec += offset();
	return ret;
}

time_t time(time_t *out)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	if (out)
		*out = now.tv_sec;
	return now.tv_sec;
}
