require ["editheader"];
addheader :last "X-Before" "yes";
