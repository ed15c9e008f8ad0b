"""The entries of the phrasebook: a few hundred Korean words with the English each stands for.

Every Korean word here has one English word and no homograph in the book, so that Korean fixes the
English. Words of several parts are joined by `_`. Tables are read into tuples when imported.
"""

from typing import NamedTuple

from .nouns import NOUNS, Noun, rows


class Verb(NamedTuple):
    stem: str
    en: str
    objects: tuple[Noun, ...]
    places: tuple["Place", ...]
    free: bool  # something one can decide to do: it may be asked for, planned, allowed
    generic: bool  # speaks of its object in general: I like apples


class Adjective(NamedTuple):
    stem: str
    en: str
    groups: str


class Place(NamedTuple):
    ko: str
    at: str
    to: str
    en: str
    group: str  # h home, k kitchen, s shops, w study, o outside, c city, x place of business


class Subject(NamedTuple):
    ko: str
    en: str
    who: str  # I, 3 or p: what English verbs agree with
    level: str  # 다, 요 or 습니다: the speech level goes with who is spoken of
    honored: bool
    name: bool


class Time(NamedTuple):
    ko: str
    en: str


NAMES = tuple(
    Subject(ko, en, "3", "다", False, True)
    for pair in str.split(
        "민수 Minsu,지영 Jiyeong,수진 Sujin,영호 Yeongho,준호 Junho,서연 Seoyeon,도윤 Doyun,"
        "은지 Eunji,태민 Taemin,성민 Seongmin,지우 Jiu,민지 Minji,동현 Donghyeon,소라 Sora,"
        "재석 Jaeseok,윤아 Yuna,미나 Mina,기훈 Gihun,나래 Narae,경수 Gyeongsu",
        ",",
    )
    for ko, en in [pair.split()]
)
ROLES = tuple(
    Subject(ko, f"the {en}", "3", "다", False, False)
    for ko, en in rows("""
학생 student
의사 doctor
간호사 nurse
요리사 cook
경찰관 police_officer
기자 reporter
농부 farmer
가수 singer
화가 painter
아이 child
""")
)
SELF = Subject("저", "I", "I", "요", False, False)
WE = Subject("저희", "we", "p", "습니다", False, False)
OTHERS = (
    Subject("그", "he", "3", "다", False, False),
    Subject("그녀", "she", "3", "다", False, False),
)
MINE = tuple(
    Subject(f"제 {ko}", f"my {en}", "3", "요", False, False)
    for ko, en in rows("""
친구 friend
남편 husband
아내 wife
아들 son
딸 daughter
여동생 little_sister
이웃 neighbor
""")
)
ELDERS = tuple(
    Subject(ko, en, "3", "요", True, False)
    for ko, en in rows("""
할머니 Grandmother
할아버지 Grandfather
어머니 Mother
아버지 Father
선생님 the_teacher
사장님 the_boss
교수님 the_professor
""")
)

PLACES = {
    ko: Place(ko, at, to, en.strip("-"), group)
    for ko, at, to, en, group in rows("""
집 at_home home - h
거실 in_the_living_room to_the_living_room the_living_room h
부엌 in_the_kitchen to_the_kitchen the_kitchen k
정원 in_the_garden to_the_garden the_garden o
공원 in_the_park to_the_park the_park o
바닷가 at_the_beach to_the_beach the_beach o
산 in_the_mountains to_the_mountains the_mountains o
시장 at_the_market to_the_market the_market s
백화점 at_the_department_store to_the_department_store the_department_store s
학교 at_school to_school school w
도서관 at_the_library to_the_library the_library w
대학교 at_the_university to_the_university the_university w
식당 at_the_restaurant to_the_restaurant the_restaurant f
카페 at_the_cafe to_the_cafe the_cafe f
우체국 at_the_post_office to_the_post_office the_post_office x
은행 at_the_bank to_the_bank the_bank x
병원 at_the_hospital to_the_hospital the_hospital x
박물관 at_the_museum to_the_museum the_museum x
공항 at_the_airport to_the_airport the_airport x
역 at_the_station to_the_station the_station x
서울 in_Seoul to_Seoul Seoul c
부산 in_Busan to_Busan Busan c
대구 in_Daegu to_Daegu Daegu c
제주도 on_Jeju_Island to_Jeju_Island Jeju_Island c
""")
}

# stem, English, `.` or flags (s: not decided freely, g: object in general), place groups, objects
_VERBS = """
읽 read . hwfo 책 소설 잡지 만화책 신문 편지 이메일 보고서 시 기사
쓰 write . hwf 소설 편지 이메일 보고서 시 일기 책 기사 엽서
먹 eat . hkfo 사과 빵 밥 김치 국수 비빔밥 생선 케이크 과자 바나나 딸기 떡 만두 감자 수박 불고기
마시 drink . hkf 물 커피 우유 주스 맥주 와인 녹차
사 buy . s 사과 빵 우유 꽃 모자 구두 가방 우산 의자 시계 자전거 컴퓨터 치마 외투 수박 딸기 선물 연필
팔 sell g s 사과 빵 꽃 모자 구두 가방 우산 시계 의자 생선 떡 치마 외투 인형
만들 make . hk 빵 케이크 과자 김치 떡 만두 샐러드 의자 인형 비빔밥 국수 가방
듣 listen_to . hwf 음악 노래 라디오 뉴스 강의 이야기
보 watch . h 영화 드라마 뉴스 경기 공연
배우 learn . wc 한국어 영어 중국어 수학 역사 과학 태권도
가르치 teach . wc 한국어 영어 중국어 수학 역사 과학 태권도
공부하 study . hwf 한국어 영어 중국어 수학 역사 과학
열 open . hw 문 창문 서랍 상자 가방
닫 close . hw 문 창문 서랍 상자 가방
씻 wash . k 사과 딸기 접시 컵 감자 토마토
청소하 clean . . 방 부엌 교실 화장실 사무실 집
고치 fix . hw 자전거 자동차 컴퓨터 시계 의자 우산 라디오 카메라
잃어버리 lose s xoc 우산 지갑 열쇠 가방 시계 모자 표 여권 휴대전화 안경
찾 look_for . hwx 지갑 열쇠 가방 우산 여권 안경 휴대전화 공책
빌리 borrow . w 책 소설 우산 자전거 연필 카메라 컴퓨터 잡지
고르 choose . s 선물 꽃 모자 구두 가방 책 시계 치마 케이크
자르 cut . k 종이 빵 케이크 수박 감자 사과 토마토
굽 bake . hk 빵 케이크 과자 감자 고구마
입 wear . hw 치마 외투 셔츠 한복 교복
신 wear . hw 구두 운동화 양말
돕 help . woc 친구 이웃 손님 관광객
만나 meet . wfxc 친구 이웃 손님 관광객
기다리 wait_for . x 친구 버스 기차 택시 편지 소포 손님
그리 draw . hwo 꽃 나무 집 고양이 강아지 바다 지도
심 plant . o 나무 꽃 감자 고구마 장미 토마토
키우 raise . hc 고양이 강아지 소 돼지 닭 토끼
버리 throw_away . . 신문 상자 종이 의자 구두 우산 편지 쓰레기
보내 send . x 편지 이메일 선물 엽서 꽃 보고서 사진 소포
받 receive s hw 편지 이메일 선물 엽서 꽃 소포 사진 초대장
주문하 order . f 커피 비빔밥 케이크 국수 맥주 와인 샐러드 만두 주스 불고기
치 play . hw 피아노 기타 테니스
좋아하 like sg . 사과 커피 고양이 강아지 꽃 음악 영화 국수 빵 딸기 여름 겨울 바다 테니스
싫어하 hate sg . 커피 맥주 겨울 여름 고양이 생선 수학 토마토
나르 carry . ws 상자 의자 책상 가방 소포
싣 load . s 상자 자전거 책상 의자 소포
짓 build . c 집 다리
타 take . xc 버스 기차 택시 비행기
걸 hang . hw 그림 외투 사진 지도 시계
준비하 prepare . hw 점심 저녁 회의 발표 선물
잡 catch . o 물고기 나비 토끼 공
외우 memorize . hw 시 노래 단어 이름
줍 pick_up . o 종이 동전 공 지갑 열쇠
닦 wipe . hk 창문 책상 안경 접시 컵 칠판
"""
VERBS = tuple(
    Verb(
        stem,
        en,
        tuple(NOUNS[noun] for noun in objects),
        tuple(place for place in PLACES.values() if place.group in groups),
        "s" not in flags,
        "g" in flags,
    )
    for stem, en, flags, groups, *objects in rows(_VERBS)
)
ACTIVITIES = tuple(  # verbs without an object; ! marks what nobody is asked to do
    Verb(
        stem.rstrip("!"),
        en,
        (),
        tuple(place for place in PLACES.values() if place.group in groups),
        "!" not in stem,
        False,
    )
    for stem, en, groups in rows("""
쉬 rest hof
자 sleep h
일하 work wfxc
운동하 exercise ho
산책하 take_a_walk o
요리하 cook hkf
춤추 dance ho
달리 run o
걷 walk o
여행하 travel c
웃! laugh hwf
울! cry hw
""")
)
MOTIONS = (
    ("가", "go"), ("오", "come"), ("돌아가", "go back"), ("걸어가", "walk"), ("뛰어가", "run"),
)  # fmt: skip
RIDES = (("버스", "bus"), ("기차", "train"), ("택시", "taxi"), ("지하철", "subway"))
GIVING = tuple(
    (stem, en, tuple(NOUNS[noun] for noun in objects))
    for stem, en, *objects in rows("""
주 give 책 꽃 선물 사과 연필 열쇠 표
빌려주 lend 책 우산 자전거 연필 카메라 잡지
보여주 show 사진 그림 지도 여권 편지 표
가져다주 bring 커피 물 우산 책 의자 신문
""")
)
ADJECTIVES = tuple(
    Adjective(stem, en, groups)
    for stem, en, groups in rows("""
재미있 interesting t
길 long t
짧 short t
어렵 difficult t
쉽 easy t
좋 good tg
맛있 delicious fd
맵 spicy f
달 sweet f
차갑 cold d
뜨겁 hot d
비싸 expensive gfd
싸 cheap gfd
크 big gm
작 small gm
예쁘 pretty g
가볍 light g
무겁 heavy g
귀엽 cute m
빠르 fast m
조용하 quiet x
깨끗하 clean x
멀 far x
가깝 near x
""")
)
FEELINGS = tuple(
    Adjective(stem, en, "p")
    for stem, en in rows("""
바쁘 busy
피곤하 tired
행복하 happy
슬프 sad
아프 sick
배고프 hungry
친절하 kind
건강하 healthy
""")
)
WEATHERS = (("춥", "cold"), ("덥", "hot"), ("좋", "good"), ("나쁘", "bad"), ("따뜻하", "warm"))
JOBS = tuple(s for s in ROLES if s.ko != "아이")

PAST = tuple(
    Time(ko, en)
    for ko, en in rows("""
어제 yesterday
그저께 the_day_before_yesterday
지난주에 last_week
지난달에 last_month
작년에 last_year
어젯밤에 last_night
오늘_아침에 this_morning
지난_주말에 last_weekend
""")
)
HABIT = tuple(
    Time(ko, en)
    for ko, en in rows("""
매일 every_day
매주 every_week
아침마다 every_morning
저녁마다 every_evening
주말마다 every_weekend
월요일마다 every_Monday
금요일마다 every_Friday
""")
)
FUTURE = tuple(
    Time(ko, en)
    for ko, en in rows("""
내일 tomorrow
모레 the_day_after_tomorrow
다음_주에 next_week
다음_달에 next_month
내년에 next_year
이번_주말에 this_weekend
오늘_저녁에 this_evening
""")
)
DAYTIME = tuple(
    Time(ko, en)
    for ko, en in rows("""
월요일에 on_Monday
화요일에 on_Tuesday
수요일에 on_Wednesday
목요일에 on_Thursday
금요일에 on_Friday
토요일에 on_Saturday
일요일에 on_Sunday
아침에 in_the_morning
오후에 in_the_afternoon
밤에 at_night
""")
)
OFTEN = (
    Time("항상", "always"), Time("자주", "often"),
    Time("가끔", "sometimes"), Time("보통", "usually"),
)  # fmt: skip
MANNERS = tuple(
    Time(ko, en)
    for ko, en in rows("""
빨리 quickly
천천히 slowly
조용히 quietly
열심히 hard
혼자 alone
""")
)

COUNTS = (1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 20)
AGES = (7, 9, 10, 12, 15, 18, 20, 21, 24, 25, 28, 30, 33, 36, 40, 42, 47, 50, 55, 60, 70, 80)
PRICES = (
    1000, 2000, 3000, 4000, 5000, 6000, 7000, 8000, 9000, 10000, 12000, 15000, 18000, 20000, 25000,
    30000, 35000, 40000, 50000, 60000, 70000, 80000, 90000,
)  # fmt: skip
DAYS = (1, 2, 3, 5, 8, 10, 12, 15, 17, 20, 21, 24, 25, 28, 30)
MINUTES = (15, 30, 45)
YEARS = (1988, 1995, 1999, 2002, 2008, 2012, 2015, 2018, 2020, 2022, 2024)
