"""Countries as sources write them, in many languages or as a code, as ISO 3166-1 alpha-2."""

from __future__ import annotations

import unicodedata
from functools import cache

_ALPHA_3 = (
    "AFGAF ALAAX ALBAL DZADZ ASMAS ANDAD AGOAO AIAAI ATAAQ ATGAG ARGAR ARMAM ABWAW AUSAU AUTAT AZEAZ BHSBS "
    "BHRBH BGDBD BRBBB BLRBY BELBE BLZBZ BENBJ BMUBM BTNBT BOLBO BESBQ BIHBA BWABW BVTBV BRABR IOTIO BRNBN "
    "BGRBG BFABF BDIBI CPVCV KHMKH CMRCM CANCA CYMKY CAFCF TCDTD CHLCL CHNCN CXRCX CCKCC COLCO COMKM COGCG "
    "CODCD COKCK CRICR CIVCI HRVHR CUBCU CUWCW CYPCY CZECZ DNKDK DJIDJ DMADM DOMDO ECUEC EGYEG SLVSV GNQGQ "
    "ERIER ESTEE SWZSZ ETHET FLKFK FROFO FJIFJ FINFI FRAFR GUFGF PYFPF ATFTF GABGA GMBGM GEOGE DEUDE GHAGH "
    "GIBGI GRCGR GRLGL GRDGD GLPGP GUMGU GTMGT GGYGG GINGN GNBGW GUYGY HTIHT HMDHM VATVA HNDHN HKGHK HUNHU "
    "ISLIS INDIN IDNID IRNIR IRQIQ IRLIE IMNIM ISRIL ITAIT JAMJM JPNJP JEYJE JORJO KAZKZ KENKE KIRKI PRKKP "
    "KORKR KWTKW KGZKG LAOLA LVALV LBNLB LSOLS LBRLR LBYLY LIELI LTULT LUXLU MACMO MDGMG MWIMW MYSMY MDVMV "
    "MLIML MLTMT MHLMH MTQMQ MRTMR MUSMU MYTYT MEXMX FSMFM MDAMD MCOMC MNGMN MNEME MSRMS MARMA MOZMZ MMRMM "
    "NAMNA NRUNR NPLNP NLDNL NCLNC NZLNZ NICNI NERNE NGANG NIUNU NFKNF MKDMK MNPMP NORNO OMNOM PAKPK PLWPW "
    "PSEPS PANPA PNGPG PRYPY PERPE PHLPH PCNPN POLPL PRTPT PRIPR QATQA REURE ROURO RUSRU RWARW BLMBL SHNSH "
    "KNAKN LCALC MAFMF SPMPM VCTVC WSMWS SMRSM STPST SAUSA SENSN SRBRS SYCSC SLESL SGPSG SXMSX SVKSK SVNSI "
    "SLBSB SOMSO ZAFZA SGSGS SSDSS ESPES LKALK SDNSD SURSR SJMSJ SWESE CHECH SYRSY TWNTW TJKTJ TZATZ THATH "
    "TLSTL TGOTG TKLTK TONTO TTOTT TUNTN TURTR TKMTM TCATC TUVTV UGAUG UKRUA AREAE GBRGB USAUS UMIUM URYUY "
    "UZBUZ VUTVU VENVE VNMVN VGBVG VIRVI WLFWF ESHEH YEMYE ZMBZM ZWEZW"
)
_BY_ALPHA_3 = {pair[:3]: pair[3:] for pair in _ALPHA_3.split()}
_CODES = frozenset(_BY_ALPHA_3.values())
_ALIASES = {
    "uk": "GB",
    "great britain": "GB",
    "england": "GB",
    "scotland": "GB",
    "wales": "GB",
    "northern ireland": "GB",
    "united states of america": "US",
    "u.s.": "US",
    "u.s.a.": "US",
    "america": "US",
    "holland": "NL",
    "the netherlands": "NL",
    "czech republic": "CZ",
    "czechia": "CZ",
    "south korea": "KR",
    "korea, republic of": "KR",
    "republic of korea": "KR",
    "russian federation": "RU",
    "viet nam": "VN",
    "turkiye": "TR",
    "uae": "AE",
    "hong kong sar": "HK",
    "macedonia": "MK",
    "swaziland": "SZ",
    "ivory coast": "CI",
    "bolivia, plurinational state of": "BO",
    "iran, islamic republic of": "IR",
    "tanzania, united republic of": "TZ",
    "venezuela, bolivarian republic of": "VE",
}


@cache
def country(cell: str) -> str | None:
    """Return the code of a country's code or name; None for an empty cell.

    Raises:
        ValueError: for what names no country.

    """
    word = cell.strip()
    if not word:
        return None
    upper = word.upper()
    if upper in _CODES:
        return upper
    found = _BY_ALPHA_3.get(upper) or _ALIASES.get(_folded(word)) or _names().get(_folded(word))
    if found is None:
        raise ValueError(f"{word[:60]!r} is not a country")
    return found


@cache
def _names() -> dict[str, str]:
    """Names in every language the phone library knows: loaded on the first name that is no code."""
    from phonenumbers.geodata.locale import LOCALE_DATA

    names: dict[str, str] = {}
    for code, by_language in LOCALE_DATA.items():
        if code not in _CODES:
            continue
        for language, name in by_language.items():
            # English wins where two languages call two countries the same.
            if not name.startswith("*") and (language == "en" or _folded(name) not in names):
                names[_folded(name)] = code
    return names


def _folded(word: str) -> str:
    plain = unicodedata.normalize("NFKD", word.casefold())
    return " ".join("".join(mark for mark in plain if not unicodedata.combining(mark)).split())
