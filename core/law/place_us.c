/* States of the United States with their zones and area codes.  A sample: codes that are not
 * here (and those of Canada and the islands) are of no known jurisdiction, hence no call. */
#include <stdlib.h>
#include <string.h>

#include "law/place.h"

#define E "America/New_York"
#define C "America/Chicago"
#define M "America/Denver"
#define P "America/Los_Angeles"

static const struct zv_region us[] = {
	{"US-AL", "Alabama", "alabama|=al", {C}},
	{"US-AK", "Alaska", "alaska|=ak", {"America/Anchorage", "America/Adak"}},
	{"US-AZ", "Arizona", "arizona|=az", {"America/Phoenix", M}},
	{"US-AR", "Arkansas", "arkansas|=ar", {C}},
	{"US-CA", "California", "california|=ca", {P}},
	{"US-CO", "Colorado", "colorado|=co", {M}},
	{"US-CT", "Connecticut", "connecticut|=ct", {E}},
	{"US-DE", "Delaware", "delaware|=de", {E}},
	{"US-DC", "District of Columbia", "=district =of =columbia|=washington =dc|=dc", {E}},
	{"US-FL", "Florida", "florida|=fl", {E, C}},
	{"US-GA", "Georgia", "georgia|=ga", {E}},
	{"US-GU", "Guam", "=guam|=gu", {"Pacific/Guam"}},
	{"US-HI", "Hawaii", "hawaii|=hi", {"Pacific/Honolulu"}},
	{"US-ID", "Idaho", "idaho|=id", {M, P}},
	{"US-IL", "Illinois", "illinois|=il", {C}},
	{"US-IN", "Indiana", "indiana|=in", {E, C}},
	{"US-IA", "Iowa", "iowa|=ia", {C}},
	{"US-KS", "Kansas", "=kansas|=ks", {C, M}},
	{"US-KY", "Kentucky", "kentucky|=ky", {E, C}},
	{"US-LA", "Louisiana", "louisiana|=la", {C}},
	{"US-ME", "Maine", "=maine|=me", {E}},
	{"US-MD", "Maryland", "maryland|=md", {E}},
	{"US-MA", "Massachusetts", "massachusetts|=ma", {E}},
	{"US-MI", "Michigan", "michigan|=mi", {E, C}},
	{"US-MN", "Minnesota", "minnesota|=mn", {C}},
	{"US-MS", "Mississippi", "mississippi|=ms", {C}},
	{"US-MO", "Missouri", "missouri|=mo", {C}},
	{"US-MT", "Montana", "montana|=mt", {M}},
	{"US-NE", "Nebraska", "nebraska|=ne", {C, M}},
	{"US-NV", "Nevada", "nevada|=nv", {P, M}},
	{"US-NH", "New Hampshire", "=new =hampshire|=nh", {E}},
	{"US-NJ", "New Jersey", "=new =jersey|=nj", {E}},
	{"US-NM", "New Mexico", "=new =mexico|=nm", {M}},
	{"US-NY", "New York", "=new =york|=ny", {E}},
	{"US-NC", "North Carolina", "=north =carolina|=nc", {E}},
	{"US-ND", "North Dakota", "=north =dakota|=nd", {C, M}},
	{"US-OH", "Ohio", "ohio|=oh", {E}},
	{"US-OK", "Oklahoma", "oklahoma|=ok", {C, M}},
	{"US-OR", "Oregon", "oregon|=or", {P, M}},
	{"US-PA", "Pennsylvania", "pennsylvania|=pa", {E}},
	{"US-PR", "Puerto Rico", "=puerto =rico|=pr", {"America/Puerto_Rico"}},
	{"US-RI", "Rhode Island", "=rhode =island|=ri", {E}},
	{"US-SC", "South Carolina", "=south =carolina|=sc", {E}},
	{"US-SD", "South Dakota", "=south =dakota|=sd", {C, M}},
	{"US-TN", "Tennessee", "tennessee|=tn", {E, C}},
	{"US-TX", "Texas", "texas|=tx", {C, M}},
	{"US-UT", "Utah", "=utah|=ut", {M}},
	{"US-VT", "Vermont", "vermont|=vt", {E}},
	{"US-VA", "Virginia", "=virginia|=va", {E}},
	{"US-WA", "Washington", "=washington|=wa", {P}},
	{"US-WV", "West Virginia", "=west =virginia|=wv", {E}},
	{"US-WI", "Wisconsin", "wisconsin|=wi", {C}},
	{"US-WY", "Wyoming", "wyoming|=wy", {M}},
};
const struct zv_regions zv_regions_us = {"US", us, sizeof(us) / sizeof(us[0])};

/* Area codes of a state; zones: letters of those that the code may be in, of E, C, M, P and
 * A(laska), D (Adak), Z (Arizona), H(awaii), R (Puerto Rico), G(uam). */
struct codes { char state[3]; char zones[4]; const char *codes; };

static const struct codes area_codes[] = {
	{"AL", "C", "205 251 256 659 938"}, {"AL", "CE", "334"},
	{"AK", "AD", "907"},
	{"AZ", "Z", "480 520 602 623"}, {"AZ", "ZM", "928"},
	{"AR", "C", "327 479 501 870"},
	{"CA", "P", "209 213 279 310 323 341 350 369 408 415 424 442 510 530 559 562 619 626 628 650 657 "
		    "661 669 707 714 747 760 805 818 820 831 837 840 858 909 916 925 949 951"},
	{"CO", "M", "303 719 720 970 983"},
	{"CT", "E", "203 475 860 959"},
	{"DE", "E", "302"},
	{"DC", "E", "202 771"},
	{"FL", "E", "239 305 321 324 352 386 407 561 645 656 689 727 728 754 772 786 813 863 904 941 "
		    "954"},
	{"FL", "EC", "448 850"},
	{"GA", "E", "229 404 470 478 678 706 762 770 912 943"},
	{"GU", "G", "671"},
	{"HI", "H", "808"},
	{"ID", "MP", "208 986"},
	{"IL", "C", "217 224 309 312 331 447 464 618 630 708 730 773 779 815 847 861 872"},
	{"IN", "E", "260 317 463 765"}, {"IN", "EC", "219 574 812 930"},
	{"IA", "C", "319 515 563 641 712"},
	{"KS", "C", "316 913"}, {"KS", "CM", "620 785"},
	{"KY", "E", "502 859"}, {"KY", "EC", "270 364 606"},
	{"LA", "C", "225 318 337 457 504 985"},
	{"ME", "E", "207"},
	{"MD", "E", "227 240 301 410 443 667"},
	{"MA", "E", "339 351 413 508 617 774 781 857 978"},
	{"MI", "E", "231 248 269 313 517 586 616 679 734 810 947 989"}, {"MI", "EC", "906"},
	{"MN", "C", "218 320 507 612 651 763 924 952"},
	{"MS", "C", "228 471 601 662 769"},
	{"MO", "C", "235 314 417 557 573 636 660 816 975"},
	{"MT", "M", "406"},
	{"NE", "C", "402 531"}, {"NE", "CM", "308"},
	{"NV", "P", "702 725"}, {"NV", "PM", "775"},
	{"NH", "E", "603"},
	{"NJ", "E", "201 551 609 640 732 848 856 862 908 973"},
	{"NM", "M", "505 575"},
	{"NY", "E", "212 315 329 332 347 363 516 518 585 607 624 631 646 680 716 718 838 845 914 917 929 "
		    "934"},
	{"NC", "E", "252 336 472 704 743 828 910 919 980 984"},
	{"ND", "CM", "701"},
	{"OH", "E", "216 220 234 283 326 330 380 419 436 440 513 567 614 740 937"},
	{"OK", "C", "405 539 572 918"}, {"OK", "CM", "580"},
	{"OR", "P", "503 971"}, {"OR", "PM", "458 541"},
	{"PA", "E", "215 223 267 272 412 445 484 570 582 610 717 724 814 835 878"},
	{"PR", "R", "787 939"},
	{"RI", "E", "401"},
	{"SC", "E", "803 821 839 843 854 864"},
	{"SD", "CM", "605"},
	{"TN", "E", "865"}, {"TN", "C", "615 629 731 901"}, {"TN", "EC", "423 931"},
	{"TX", "C", "210 214 254 281 325 346 361 409 430 469 512 682 713 726 737 806 817 830 832 903 936 "
		    "940 945 956 972 979"},
	{"TX", "CM", "432"}, {"TX", "MC", "915"},
	{"UT", "M", "385 435 801"},
	{"VT", "E", "802"},
	{"VA", "E", "276 434 540 571 703 757 804 826 948"},
	{"WA", "P", "206 253 360 425 509 564"},
	{"WV", "E", "304 681"},
	{"WI", "C", "262 274 353 414 534 608 715 920"},
	{"WY", "M", "307"},
};

static const char *zone_of(char letter)
{
	switch (letter) {
	case 'E': return E;
	case 'C': return C;
	case 'M': return M;
	case 'P': return P;
	case 'A': return "America/Anchorage";
	case 'D': return "America/Adak";
	case 'Z': return "America/Phoenix";
	case 'H': return "Pacific/Honolulu";
	case 'R': return "America/Puerto_Rico";
	default: return "Pacific/Guam";
	}
}

static bool has_code(const char *codes, unsigned code)
{
	for (const char *p = codes; *p != 0;) {
		char *end;

		if (strtoul(p, &end, 10) == code)
			return true;
		p = *end == ' ' ? end + 1 : end;
	}
	return false;
}

static const struct zv_region *state(const char *letters)
{
	for (size_t i = 0; i < zv_regions_us.n; i++)
		if (strcmp(us[i].jur + 3, letters) == 0)
			return &us[i];
	return NULL;
}

const struct zv_region *zv_area_code(unsigned code, const char *ret_zones[4])
{
	for (size_t i = 0; i < sizeof(area_codes) / sizeof(area_codes[0]); i++) {
		const struct codes *c = &area_codes[i];
		size_t n = 0;

		if (!has_code(c->codes, code))
			continue;
		for (; c->zones[n] != 0; n++)
			ret_zones[n] = zone_of(c->zones[n]);
		ret_zones[n] = NULL;
		return state(c->state);
	}
	return NULL;
}
