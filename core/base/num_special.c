#include "base/num.h"

#include <stdbool.h>
#include <stddef.h>

#define SQRT_HALF 0.70710678118654752440
#define INV_SQRT_2PI 0.39894228040143267794
#define HALF_LOG_2PI 0.91893853320467274178
#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

/* c[0] + c[1] x + ... */
static double poly(const double *c, size_t n, double x)
{
	double sum = c[n - 1];

	for (size_t i = n - 1; i-- > 0;)
		sum = sum * x + c[i];
	return sum;
}

/* The exact product a*b is the result + *ret_lo (Dekker 1971); |a|, |b| < 2^996. */
static double mul_exact(double a, double b, double *ret_lo)
{
	double ta = a * 134217729.0, tb = b * 134217729.0;
	double ah = ta - (ta - a), bh = tb - (tb - b);
	double al = a - ah, bl = b - bh;
	double hi = a * b;

	*ret_lo = ((ah * bh - hi) + ah * bl + al * bh) + al * bl;
	return hi;
}

/* exp(-x*x * by): the square is taken exactly, for its error would be multiplied by itself. */
static double exp_square(double x, double by)
{
	double lo, hi = mul_exact(x, x, &lo);

	return zv_exp(-hi * by) * (1 - lo * by);
}

/* Chebyshev coefficients of (1 + 2x) exp(x^2) erfc(x) in t = (x - 3.75) / (x + 3.75), the
 * transformation of Shepherd and Laframboise (1981); made with 40 digits of mpmath. */
static const double erfcx_c[] = {
	2.3551578691348035082, -0.0045900545806464773309, -0.084249133366517915584,
	0.059209939998191890498, -0.026658668435305752277, 0.0090749976707050652939,
	-0.0024131635404176081909, 0.00049077583652580863229, -0.000069169733025012063671,
	4.1390279860730101675e-6, 7.7403830661984906686e-7, -2.1886401049234395661e-7,
	1.0764999465670910377e-8, 4.5219598112182868979e-9, -7.7544002088313511065e-10,
	-6.3180883408866844944e-11, 2.8687950109306698981e-11, 1.945586854577734723e-13,
	-9.6546967484334389059e-13, 3.2525481481487398415e-14, 3.3478119482868053878e-14,
	-1.8645628804193131015e-15, -1.2507950530688647085e-15, 7.418235256624043463e-17,
	5.0681489047961113168e-17,
};

double zv_erfcx(double x)
{
	double b1 = 0, b2 = 0;

	if (!(x >= 0))
		return __builtin_nan("");
	if (x > 1e15)
		return 0.56418958354775628695 / x;
	double t = (x - 3.75) / (x + 3.75);

	for (size_t i = COUNT(erfcx_c) - 1; i > 0; i--) {
		double b0 = 2 * t * b1 - b2 + erfcx_c[i];

		b2 = b1;
		b1 = b0;
	}
	return (t * b1 - b2 + 0.5 * erfcx_c[0]) / (1 + 2 * x);
}

/* Taylor's series of erf(x) / x in x^2, |x| <= 0.5. */
static double erf_small(double x)
{
	static const double c[] = {
		1.1283791670955125739, -0.37612638903183752463, 0.11283791670955125739,
		-0.026866170645131251759, 0.0052239776254421878421, -0.00085483270234508528325,
		0.00012055332981789664251, -0.000014925650358406250977, 1.6462114365889247402e-6,
		-1.6365844691234924317e-7, 1.480719281587921724e-8, -1.2290555301717927353e-9,
	};

	return x * poly(c, COUNT(c), x * x);
}

double zv_erfc(double x)
{
	if (x != x)
		return x;
	if (x > -0.5 && x < 0.5)
		return 1 - erf_small(x);
	if (x < 0)
		return 2 - zv_erfc(-x);
	if (x > 28)
		return 0;
	return exp_square(x, 1) * zv_erfcx(x);
}

double zv_erf(double x)
{
	if (x != x)
		return x;
	if (x > -0.5 && x < 0.5)
		return erf_small(x);
	return x < 0 ? zv_erfc(-x) - 1 : 1 - zv_erfc(x);
}

double zv_norm_pdf(double x)
{
	if (x != x)
		return x;
	if (x > 40 || x < -40)
		return 0;
	return INV_SQRT_2PI * exp_square(x, 0.5);
}

double zv_norm_cdf(double x)
{
	if (x != x)
		return x;
	if (x > -0.7 && x < 0.7)
		return 0.5 + 0.5 * erf_small(x * SQRT_HALF);
	if (x > 0)
		return 1 - zv_norm_cdf(-x);
	if (x < -40)
		return 0;
	return 0.5 * exp_square(x, 0.5) * zv_erfcx(-x * SQRT_HALF);
}

/* Wichura, "The percentage points of the normal distribution", algorithm AS 241 (1988). */
double zv_norm_quantile(double p)
{
	static const double a[] = {3.3871328727963666080, 133.14166789178437745,
		1971.5909503065514427, 13731.693765509461125, 45921.953931549871457,
		67265.770927008700853, 33430.575583588128105, 2509.0809287301226727};
	static const double b[] = {1, 42.313330701600911252, 687.18700749205790830,
		5394.1960214247511077, 21213.794301586595867, 39307.895800092710610,
		28729.085735721942674, 5226.4952788528545610};
	static const double c[] = {1.42343711074968357734, 4.63033784615654529590,
		5.76949722146069140550, 3.64784832476320460504, 1.27045825245236838258,
		0.241780725177450611770, 0.0227238449892691845833, 7.74545014278341407640e-4};
	static const double d[] = {1, 2.05319162663775882187, 1.67638483018380384940,
		0.689767334985100004550, 0.148103976427480074590, 0.0151986665636164571966,
		5.47593808499534494600e-4, 1.05075007164441684324e-9};
	static const double e[] = {6.65790464350110377720, 5.46378491116411436990,
		1.78482653991729133580, 0.296560571828504891230, 0.0265321895265761230930,
		0.00124266094738807843860, 2.71155556874348757815e-5, 2.01033439929228813265e-7};
	static const double f[] = {1, 0.599832206555887937690, 0.136929880922735805310,
		0.0148753612908506148525, 7.86869131146613259100e-4, 1.84631831751005468180e-5,
		1.42151175831644588870e-7, 2.04426310338993978564e-15};

	if (!(p >= 0 && p <= 1))
		return __builtin_nan("");
	if (p == 0 || p == 1)
		return p == 0 ? -__builtin_inf() : __builtin_inf();
	double q = p - 0.5;

	if (q >= -0.425 && q <= 0.425) {
		double r = 0.180625 - q * q;

		return q * poly(a, 8, r) / poly(b, 8, r);
	}
	double r = zv_sqrt(-zv_ln(q < 0 ? p : 1 - p));

	if (r <= 5) {
		double z = poly(c, 8, r - 1.6) / poly(d, 8, r - 1.6);

		return q < 0 ? -z : z;
	}
	double z = poly(e, 8, r - 5) / poly(f, 8, r - 5);
	double tail = 0.5 * exp_square(z, 0.5) * zv_erfcx(z * SQRT_HALF);

	/* p < 2e-11: one Newton step for the log of the tail takes away what the fit leaves */
	z += zv_ln(tail / (q < 0 ? p : 1 - p)) * (tail / zv_norm_pdf(z));
	return q < 0 ? -z : z;
}

/* The asymptotic series of log gamma less Stirling's terms; x >= 7. */
static double stirling_series(double x)
{
	static const double c[] = {1.0 / 12, -1.0 / 360, 1.0 / 1260, -1.0 / 1680, 1.0 / 1188,
		-691.0 / 360360, 1.0 / 156, -3617.0 / 122400, 43867.0 / 244188,
		-174611.0 / 125400};

	return poly(c, COUNT(c), 1 / (x * x)) / x;
}

/* lgamma(2 + z), |z| <= 0.5: (1 - Euler's constant) z + sum (-1)^k (zeta(k) - 1) z^k / k. */
static double lgamma_2(double z)
{
	static const double c[] = {
		0.42278433509846713939, 0.32246703342411321824, -0.067352301053198095133,
		0.020580808427784547879, -0.0073855510286739852663, 0.0028905103307415232858,
		-0.0011927539117032609771, 0.00050966952474304242234, -0.00022315475845357937976,
		0.000099457512781808533715, -0.0000449262367381331417, 0.000020507212775670691553,
		-9.439488275268395904e-6, 4.3748667899074878042e-6, -2.0392157538013662368e-6,
		9.5514121304074198329e-7, -4.4924691987645660433e-7, 2.1207184805554665869e-7,
		-1.0043224823968099609e-7, 4.7698101693639805658e-8, -2.271109460894316491e-8,
		1.0838659214896954091e-8, -5.1834750419700466551e-9, 2.4836745438024783172e-9,
		-1.1921401405860912074e-9, 5.7313672416788620133e-10, -2.7595228851242331452e-10,
	};

	return z * poly(c, COUNT(c), z);
}

double zv_lgamma(double x)
{
	if (!(x > 0))
		return x == 0 ? __builtin_inf() : __builtin_nan("");
	if (x == __builtin_inf())
		return x;
	if (x >= 10)
		return ((x - 0.5) * (zv_ln(x) - 1) + (HALF_LOG_2PI - 0.5)) + stirling_series(x);
	if (x < 0.5) /* Gamma(x) = Gamma(x + 2) / (x (x + 1)) */
		return lgamma_2(x) - zv_log1p(x) - zv_ln(x);
	if (x < 1.5)
		return lgamma_2(x - 1) - zv_log1p(x - 1);
	double product = 1;

	while (x > 2.5) {
		x -= 1;
		product *= x;
	}
	return lgamma_2(x - 2) + zv_ln(product);
}

/* What the rest loses from x to x + 1: (x + 1/2) log(1 + 1/x) - 1 = s^2/3 + s^4/5 + ... with
 * s = 1 / (2x + 1); x >= 1. */
static double stirling_step(double x)
{
	double z = 1 / ((2 * x + 1) * (2 * x + 1));
	double power = z, sum = 0;

	for (int i = 3; power > 1e-18; i += 2) {
		sum += power / i;
		power *= z;
	}
	return sum;
}

double zv_stirling_rest(double x)
{
	if (!(x > 0))
		return __builtin_nan("");
	if (x < 1)
		return zv_lgamma(x + 1) - ((x + 0.5) * zv_ln(x) - x + HALF_LOG_2PI);
	double sum = 0;

	for (; x < 7; x += 1)
		sum += stirling_step(x);
	return sum + stirling_series(x);
}

/* Loader, "Fast and accurate computation of binomial probabilities" (2000). */
double zv_poisson_dev(double x, double m)
{
	if (!(x >= 0 && m > 0))
		return __builtin_nan("");
	if (x == 0)
		return m;
	if (zv_abs(x - m) >= 0.1 * (x + m))
		return x * zv_ln(x / m) + m - x;
	double v = (x - m) / (x + m);
	double sum = (x - m) * v;
	double term = 2 * x * v;

	v *= v;
	for (int j = 1; j < 100; j++) {
		term *= v;
		double next = sum + term / (2 * j + 1);

		if (next == sum)
			break;
		sum = next;
	}
	return sum;
}

double zv_ln_poisson(double x, double m)
{
	if (x == 0)
		return m > 0 ? -m : __builtin_nan("");
	return -zv_stirling_rest(x) - zv_poisson_dev(x, m) - (HALF_LOG_2PI + 0.5 * zv_ln(x));
}

/* The deviance of x from n*p, p given as p + p_lo: the product is taken exactly, for at large
 * n its rounding would show. */
static double binom_dev(double x, double n, double p, double p_lo)
{
	double lo, m = mul_exact(n, p, &lo);

	lo += n * p_lo;
	return zv_poisson_dev(x, m) + lo * (1 - x / m);
}

/* x^a (1 - x)^b Gamma(a + b + 1) / (Gamma(a + 1) Gamma(b + 1)), 0 < x < 1; swap: x and 1 - x
 * change places. */
static double beta_front(double a, double b, double x, bool swap)
{
	double y = 1 - x, y_lo = (1 - y) - x;
	double n = a + b;
	double p = swap ? y : x, p_lo = swap ? y_lo : 0;
	double q = swap ? x : y, q_lo = swap ? 0 : y_lo;
	double dev = binom_dev(a, n, p, p_lo) + binom_dev(b, n, q, q_lo);
	double rest = zv_stirling_rest(n) - zv_stirling_rest(a) - zv_stirling_rest(b);

	return zv_exp(rest - dev) * INV_SQRT_2PI * zv_sqrt(n / a / b);
}

/* The continued fraction 8.17.22 of the NIST handbook (DLMF) by Lentz's method; fast where
 * x < (a + 1) / (a + b + 2). */
static double beta_fraction(double a, double b, double x)
{
	double c = 1, d = 1 / (1 - (a + b) * x / (a + 1));
	double f = d;

	for (int i = 1; i < 1000000; i++) {
		double m = i;
		double even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m));
		double odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1));

		d = 1 / (1 + even * d);
		c = 1 + even / c;
		f *= c * d;
		d = 1 / (1 + odd * d);
		c = 1 + odd / c;
		double step = c * d;

		f *= step;
		if (zv_abs(step - 1) < 1e-16)
			break;
	}
	return f;
}

double zv_beta_inc(double a, double b, double x)
{
	if (!(a > 0 && b > 0 && x >= 0 && x <= 1))
		return __builtin_nan("");
	if (x == 0 || x == 1)
		return x;
	/* Gamma(a + b) / (Gamma(a + 1) Gamma(b)) = the front's factor * b / (a + b) */
	if (x < (a + 1) / (a + b + 2))
		return beta_front(a, b, x, false) * (b / (a + b)) * beta_fraction(a, b, x);
	return 1 - beta_front(b, a, x, true) * (a / (a + b)) * beta_fraction(b, a, 1 - x);
}

double zv_binom_tail(uint64_t n, uint64_t k, double p)
{
	if (!(p >= 0 && p <= 1))
		return __builtin_nan("");
	if (k == 0)
		return 1;
	if (k > n)
		return 0;
	return zv_beta_inc((double)k, (double)(n - k) + 1, p);
}
