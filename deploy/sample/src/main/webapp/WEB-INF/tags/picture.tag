<%@ tag pageEncoding="UTF-8" %>
<%@ attribute name="id" required="true" %>
<%@ taglib prefix="c" uri="jakarta.tags.core" %>
<svg class="picture" viewBox="0 0 240 180" aria-hidden="true">
<c:choose>
<c:when test="${id == 'sourdough'}">
  <rect width="240" height="180" fill="#f3e2c7"/>
  <rect x="28" y="138" width="184" height="12" rx="6" fill="#a9744a"/>
  <path d="M44 138c-10-44 26-82 76-82s86 38 76 82Z" fill="#c98a4b"/>
  <path d="M52 134c-6-38 26-68 68-68s74 30 68 68c-40-9-96-9-136 0Z" fill="#dda564"/>
  <path d="M82 116c8-18 22-32 40-40M104 122c8-20 20-34 38-42M130 124c6-16 16-28 30-34" fill="none" stroke="#fbeed8" stroke-width="6" stroke-linecap="round"/>
  <g fill="#fff6e6"><circle cx="72" cy="122" r="2"/><circle cx="150" cy="118" r="2"/><circle cx="170" cy="120" r="2.5"/><circle cx="98" cy="92" r="2"/></g>
</c:when>
<c:when test="${id == 'tomatoes'}">
  <rect width="240" height="180" fill="#e3efdc"/>
  <path d="M40 54c50-16 110-14 160 4" fill="none" stroke="#4f8a4b" stroke-width="6" stroke-linecap="round"/>
  <g fill="none" stroke="#4f8a4b" stroke-width="5"><path d="M76 46v26"/><path d="M124 46v40"/><path d="M168 50v24"/></g>
  <circle cx="74" cy="102" r="33" fill="#d64933"/><circle cx="172" cy="104" r="32" fill="#c93f2b"/><circle cx="124" cy="118" r="36" fill="#e4573f"/>
  <g fill="#3f7a3f"><path d="m74 66 6 8 11-1-8 8 3 10-12-6-12 6 3-10-8-8 11 1Z"/><path d="m124 78 7 9 12-1-9 9 4 11-14-6-14 6 4-11-9-9 12 1Z"/><path d="m172 69 6 8 11-1-8 8 3 10-12-6-12 6 3-10-8-8 11 1Z"/></g>
  <g fill="none" stroke="#fff" stroke-opacity=".55" stroke-width="5" stroke-linecap="round"><path d="M52 106c1-7 4-12 8-15"/><path d="M99 122c1-8 5-14 10-18"/></g>
</c:when>
<c:when test="${id == 'espresso'}">
  <rect width="240" height="180" fill="#e6dcd3"/>
  <path d="M74 42h92l8 108a8 8 0 0 1-8 8H74a8 8 0 0 1-8-8Z" fill="#4a3328"/>
  <path d="M74 42h92l1 16H73Z" fill="#33221a"/><path d="M78 30h84l4 12H74Z" fill="#5d4335"/>
  <rect x="84" y="80" width="72" height="50" rx="5" fill="#f7efe3"/>
  <g transform="rotate(24 120 105)"><ellipse cx="120" cy="105" rx="13" ry="18" fill="#7b4f34"/><path d="M120 88c-7 11 7 23 0 34" fill="none" stroke="#f7efe3" stroke-width="3.5" stroke-linecap="round"/></g>
  <g fill="#6b442d"><ellipse cx="44" cy="150" rx="12" ry="8"/><ellipse cx="196" cy="148" rx="12" ry="8"/><ellipse cx="206" cy="158" rx="11" ry="7"/></g>
</c:when>
<c:when test="${id == 'marmalade'}">
  <rect width="240" height="180" fill="#fde6c4"/>
  <circle cx="182" cy="118" r="36" fill="#f59a23"/><circle cx="182" cy="118" r="29" fill="#ffd08a"/>
  <g stroke="#f59a23" stroke-width="4"><path d="M182 90v56M154 118h56M162 98l40 40M202 98l-40 40"/></g>
  <rect x="58" y="60" width="92" height="96" rx="14" fill="#ee8419"/><rect x="58" y="60" width="92" height="30" rx="12" fill="#f6a13a"/>
  <rect x="54" y="36" width="100" height="28" rx="6" fill="#fffaf0"/><path d="M54 50h100M68 36v28M88 36v28M108 36v28M128 36v28" stroke="#d7503b" stroke-width="5" stroke-opacity=".75"/>
  <rect x="70" y="98" width="68" height="38" rx="4" fill="#fffaf0"/><path d="M82 112h44M90 123h28" stroke="#b3641a" stroke-width="4" stroke-linecap="round"/>
</c:when>
<c:when test="${id == 'cheese'}">
  <rect width="240" height="180" fill="#dfe7ea"/>
  <rect x="26" y="140" width="188" height="10" rx="5" fill="#8a97a0"/>
  <path d="M40 140V98l150-44c10 8 14 20 14 32v54Z" fill="#f2c14e"/><path d="m40 98 150-44c8 6 12 16 14 28L60 104Z" fill="#f9dc8c"/>
  <path d="M40 98 60 104h144v-10" fill="none" stroke="#d9a530" stroke-width="3"/>
  <g fill="#dba634"><circle cx="82" cy="124" r="9"/><circle cx="128" cy="118" r="6"/><circle cx="160" cy="128" r="10"/><circle cx="186" cy="114" r="5"/><ellipse cx="150" cy="82" rx="9" ry="4"/></g>
</c:when>
<c:when test="${id == 'oil'}">
  <rect width="240" height="180" fill="#e8ebcf"/>
  <rect x="110" y="18" width="20" height="18" rx="3" fill="#8a6a3e"/>
  <path d="M108 36h24v26c0 12 20 18 20 38v52a8 8 0 0 1-8 8H96a8 8 0 0 1-8-8v-52c0-20 20-26 20-38Z" fill="#6d7f2c"/>
  <path d="M96 102c0-8 6-14 12-20v70H100a4 4 0 0 1-4-4Z" fill="#93a546" fill-opacity=".8"/>
  <rect x="88" y="104" width="64" height="36" fill="#fbf9ea"/><path d="M100 122c12-14 28-14 40 0-12 10-28 10-40 0Z" fill="#8a9a3a"/>
  <g><path d="M164 150c16-30 34-44 56-50" fill="none" stroke="#5c6b24" stroke-width="4" stroke-linecap="round"/><g fill="#7d8e35"><ellipse cx="182" cy="112" rx="6" ry="15" transform="rotate(20 182 112)"/><ellipse cx="204" cy="126" rx="6" ry="15" transform="rotate(75 204 126)"/><ellipse cx="206" cy="92" rx="6" ry="14" transform="rotate(30 206 92)"/></g><circle cx="188" cy="140" r="9" fill="#3e4a17"/></g>
</c:when>
<c:when test="${id == 'chocolate'}">
  <rect width="240" height="180" fill="#eadbd9"/>
  <g transform="rotate(-9 120 95)"><rect x="64" y="34" width="112" height="120" rx="8" fill="#4b2a20"/>
  <g fill="#5f382b"><rect x="71" y="41" width="30" height="32" rx="4"/><rect x="105" y="41" width="30" height="32" rx="4"/><rect x="139" y="41" width="30" height="32" rx="4"/></g>
  <path d="M60 80l12 6 12-6 12 6 12-6 12 6 12-6 12 6 12-6 12 6 12-6v74a8 8 0 0 1-8 8H68a8 8 0 0 1-8-8Z" fill="#b5433f"/>
  <rect x="82" y="104" width="76" height="38" rx="3" fill="#fbeeea"/><path d="M94 118h52M104 129h32" stroke="#b5433f" stroke-width="4" stroke-linecap="round"/></g>
  <g fill="#fff"><circle cx="84" cy="52" r="2.5"/><circle cx="112" cy="47" r="2"/><circle cx="146" cy="43" r="2.5"/><circle cx="122" cy="58" r="2"/><circle cx="154" cy="55" r="2"/></g>
</c:when>
<c:when test="${id == 'tulips'}">
  <rect width="240" height="180" fill="#f8e1e4"/>
  <g fill="none" stroke="#4f8a4b" stroke-width="6" stroke-linecap="round"><path d="M120 150V76"/><path d="M116 150C108 120 92 104 78 92"/><path d="M124 150c8-30 24-46 40-56"/></g>
  <path d="M112 148c-20-8-34-24-36-44 20 6 34 22 36 44ZM130 148c18-8 30-22 34-38-20 4-32 18-34 38Z" fill="#6aa565"/>
  <path d="M98 36c8 2 14 6 22 16 8-10 14-14 22-16 4 22 0 46-22 46S94 58 98 36Z" fill="#e2557a"/><path d="M120 34c9 12 12 30 0 48-12-18-9-36 0-48Z" fill="#ef7f9b"/>
  <g transform="rotate(-34 74 80)"><path d="M54 50c8 2 13 6 20 15 7-9 12-13 20-15 4 20 0 42-20 42S50 70 54 50Z" fill="#f2a541"/><path d="M74 48c8 11 11 27 0 44-11-17-8-33 0-44Z" fill="#f7c16d"/></g>
  <g transform="rotate(36 168 82)"><path d="M148 52c8 2 13 6 20 15 7-9 12-13 20-15 4 20 0 42-20 42s-24-22-20-42Z" fill="#a65bb0"/><path d="M168 50c8 11 11 27 0 44-11-17-8-33 0-44Z" fill="#bf80c8"/></g>
  <path d="M94 132h52l-8 34a6 6 0 0 1-6 4h-24a6 6 0 0 1-6-4Z" fill="#d9b98a"/><path d="M92 140h56l-2 9H94Z" fill="#c24d4a"/>
</c:when>
</c:choose>
</svg>
