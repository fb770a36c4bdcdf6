#include "base/num.h"

#include <emmintrin.h>
#include <stdbool.h>
#include <string.h>

/* ln 2 in two parts; the first ends in zeroes, so a small whole multiple of it is exact. */
#define LN2_HI 6.93147180369123816490e-01
#define LN2_LO 1.90821492927058770002e-10
#define INV_LN2 1.44269504088896338700

static uint64_t bits_of(double x)
{
	uint64_t u;

	memcpy(&u, &x, sizeof(u));
	return u;
}

static double of_bits(uint64_t u)
{
	double x;

	memcpy(&x, &u, sizeof(x));
	return x;
}

/* The instruction itself: the builtin may call libm for its errno. */
double zv_sqrt(double x)
{
	__m128d v = _mm_set_sd(x);

	return _mm_cvtsd_f64(_mm_sqrt_sd(v, v));
}

/* From 2^52 on every double is whole. */
double zv_floor(double x)
{
	if (!(x > -0x1p52 && x < 0x1p52))
		return x;
	double whole = (double)(int64_t)x;

	return whole > x ? whole - 1 : whole;
}

double zv_ceil(double x)
{
	return -zv_floor(-x);
}

/* 2^k for k of a normal number. */
static double pow2(int k)
{
	return of_bits((uint64_t)(k + 1023) << 52);
}

/* x * 2^k with one rounding at most: in two steps, for results at the ends of the range. */
static double scale(double x, int k)
{
	int half = k / 2;

	return x * pow2(half) * pow2(k - half);
}

/* x = k ln 2 + hi - lo with |hi - lo| <= ln 2 / 2; |x| < 1100. */
static int reduce(double x, double *ret_hi, double *ret_lo)
{
	int k = (int)(x * INV_LN2 + (x < 0 ? -0.5 : 0.5));

	*ret_hi = x - k * LN2_HI;
	*ret_lo = k * LN2_LO;
	return k;
}

/* (exp(r) - 1 - r) / r^2 by its Taylor series to r^11 / 13!, |r| <= 0.36; the even and the odd
 * terms apart, which a processor can do side by side. */
static double exp_rest(double r)
{
	double z = r * r;
	double even = 1.0 / 479001600.0;
	double odd = 1.0 / 6227020800.0;

	even = even * z + 1.0 / 3628800.0;
	odd = odd * z + 1.0 / 39916800.0;
	even = even * z + 1.0 / 40320.0;
	odd = odd * z + 1.0 / 362880.0;
	even = even * z + 1.0 / 720.0;
	odd = odd * z + 1.0 / 5040.0;
	even = even * z + 1.0 / 24.0;
	odd = odd * z + 1.0 / 120.0;
	even = even * z + 1.0 / 2.0;
	odd = odd * z + 1.0 / 6.0;
	return even + r * odd;
}

double zv_exp(double x)
{
	double hi, lo;

	if (x != x)
		return x;
	if (x > 709.8)
		return __builtin_inf();
	if (x < -745.2)
		return 0;
	int k = reduce(x, &hi, &lo);
	double r = hi - lo;

	return scale(1 + (hi + (r * r * exp_rest(r) - lo)), k);
}

double zv_expm1(double x)
{
	double hi, lo;

	if (x != x || x == 0)
		return x;
	if (x > 709.8)
		return __builtin_inf();
	if (x < -40)
		return -1;
	int k = reduce(x, &hi, &lo);
	double r = hi - lo;
	double e = hi + (r * r * exp_rest(r) - lo);

	if (k == 0)
		return e;
	if (k > 60)
		return scale(1 + e, k);
	return scale((1 - pow2(-k)) + e, k);
}

/* k ln 2 + log(1 + f) + c, with sqrt(1/2) <= 1 + f < sqrt 2 and c a small correction:
 * log(1 + f) = 2 artanh(s), s = f / (2 + f), written so that the large part of it is f itself. */
static double log_parts(int k, double f, double c)
{
	double s = f / (2 + f);
	double z = s * s, w = z * z;
	double even = 2.0 / 19;
	double odd = 2.0 / 21;

	even = even * w + 2.0 / 15;
	odd = odd * w + 2.0 / 17;
	even = even * w + 2.0 / 11;
	odd = odd * w + 2.0 / 13;
	even = even * w + 2.0 / 7;
	odd = odd * w + 2.0 / 9;
	even = even * w + 2.0 / 3;
	odd = odd * w + 2.0 / 5;
	double rest = z * even + w * odd;
	double half = 0.5 * f * f;

	return k * LN2_HI - ((half - (s * (half + rest) + (k * LN2_LO + c))) - f);
}

/* Normal x > 0 to 2^k * m, sqrt(1/2) <= m < sqrt 2. */
static int split(double x, double *ret_m)
{
	uint64_t u = bits_of(x);
	int k = (int)(u >> 52) - 1023;
	double m = of_bits((u & 0xfffffffffffffu) | 0x3ff0000000000000u);

	if (m >= 1.4142135623730951) {
		m *= 0.5;
		k++;
	}
	*ret_m = m;
	return k;
}

double zv_ln(double x)
{
	int below = 0;
	double m;

	if (x != x || x == __builtin_inf())
		return x;
	if (x < 0)
		return __builtin_nan("");
	if (x == 0)
		return -__builtin_inf();
	if (x < 0x1p-1022) { /* subnormal */
		x *= 0x1p54;
		below = 54;
	}
	int k = split(x, &m);

	return log_parts(k - below, m - 1, 0);
}

double zv_log1p(double x)
{
	double m;

	if (x != x || x == __builtin_inf() || x == 0)
		return x;
	if (x < -1)
		return __builtin_nan("");
	if (x == -1)
		return -__builtin_inf();
	if (x > -0.2928 && x < 0.4142)
		return log_parts(0, x, 0);
	double sum = 1 + x;
	/* what the sum lost, as a share of it */
	double lost = x > 1 ? 1 - (sum - x) : x - (sum - 1);
	int k = split(sum, &m);

	return log_parts(k, m - 1, lost / sum);
}

double zv_pow(double x, double y)
{
	if (y == 0 || x == 1)
		return 1;
	return zv_exp(y * zv_ln(x));
}
